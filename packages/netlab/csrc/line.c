/*
 * A line between two network namespaces, with a rate, a queue, a delay, jitter and loss in each direction. Each end is a
 * TUN device; what is read from one is written to the other when its time has come. For kernels without netem, and
 * exact where netem is: the queue is bounded by time, and a lost packet has used the line before it is lost.
 *
 *   line NETNS_A DEVICE_A NETNS_B DEVICE_B SEED
 *
 * Says "ready", then takes commands on standard input and answers each with a line:
 *
 *   set DIRECTION RATE_BPS DELAY_US JITTER_US LOSS_PPM BURST_PPM QUEUE_US CUT      -> ok
 *   count DIRECTION      -> count OFFERED_PACKETS SENT_PACKETS SENT_BYTES QUEUE_DROPS LOST CUT_DROPS DEVICE_DROPS
 *
 * DIRECTION is 0 (a to b) or 1. A rate of 0 has no limit. LOSS_PPM is the chance of a packet to be lost, and BURST_PPM
 * that of one behind a lost one. The end of the input ends the line and its devices.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define MAX_PACKET 65536
/* Packets under way in one direction; more are dropped as if the queue were full. */
#define RING 65536
/* Packets taken from one device before the other has its turn. */
#define TURN 64
/* Jitter is drawn anew this often: a queue elsewhere fills and drains, it does not jump per packet. */
#define JITTER_NS 10000000LL

struct packet {
  int64_t arrives;
  size_t length;
  unsigned char *bytes;
};

struct direction {
  int from, to;
  int64_t rate, delay, jitter, queue;
  uint64_t loss_ppm, burst_ppm;
  int cut, lost_last;
  int64_t free_at, last_arrival, jitter_now, jitter_until;
  struct packet ring[RING];
  unsigned head, tail;
  uint64_t offered, sent, sent_bytes, queue_drops, lost, cut_drops, device_drops;
};

static struct direction directions[2];
static uint64_t seed;
static unsigned char buffer[MAX_PACKET];

static void fail(const char *what) {
  fprintf(stderr, "line: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* xorshift64*: chance that a test can repeat. */
static uint64_t chance(uint64_t below) {
  seed ^= seed >> 12;
  seed ^= seed << 25;
  seed ^= seed >> 27;
  return below == 0 ? 0 : (seed * 0x2545F4914F6CDD1DULL >> 16) % below;
}

/* Opens a TUN device in a namespace that `ip netns` knows. The process stays there; nothing else of it cares. */
static int open_device(const char *netns, const char *name) {
  char path[256];
  snprintf(path, sizeof path, "/run/netns/%s", netns);
  int space = open(path, O_RDONLY | O_CLOEXEC);
  if (space < 0 || setns(space, CLONE_NEWNET) < 0) fail(path);
  close(space);
  int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0) fail("/dev/net/tun");
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (ioctl(device, TUNSETIFF, &request) < 0) fail(name);
  return device;
}

static int64_t jitter_at(struct direction *d, int64_t now) {
  if (now >= d->jitter_until) {
    d->jitter_now = (int64_t)chance((uint64_t)d->jitter + 1);
    d->jitter_until = now + JITTER_NS;
  }
  return d->jitter_now;
}

/* A packet came to the head of the line: it waits, travels, or is dropped. */
static void take(struct direction *d, size_t length, int64_t now) {
  d->offered++;
  if (d->cut) {
    d->cut_drops++;
    return;
  }
  int64_t start = d->free_at > now ? d->free_at : now;
  if (start - now > d->queue || d->tail - d->head == RING) {
    d->queue_drops++;
    return;
  }
  d->free_at = d->rate == 0 ? now : start + (int64_t)length * 8 * 1000000000LL / d->rate;
  d->lost_last = chance(1000000) < (d->lost_last ? d->burst_ppm : d->loss_ppm);
  if (d->lost_last) {
    d->lost++;
    return;
  }
  int64_t arrives = d->free_at + d->delay + jitter_at(d, now);
  /* A line does not reorder. */
  if (arrives < d->last_arrival) arrives = d->last_arrival;
  d->last_arrival = arrives;
  unsigned char *bytes = malloc(length);
  if (bytes == NULL) fail("memory");
  memcpy(bytes, buffer, length);
  d->ring[d->tail++ % RING] = (struct packet){arrives, length, bytes};
}

static void read_device(struct direction *d) {
  int64_t now = now_ns();
  for (int turn = 0; turn < TURN; turn++) {
    ssize_t length = read(d->from, buffer, sizeof buffer);
    if (length <= 0) return;
    take(d, (size_t)length, now);
  }
}

static void deliver(struct direction *d, int64_t now) {
  while (d->head != d->tail && d->ring[d->head % RING].arrives <= now) {
    struct packet *p = &d->ring[d->head++ % RING];
    if (d->cut) {
      d->cut_drops++;
    } else if (write(d->to, p->bytes, p->length) == (ssize_t)p->length) {
      d->sent++;
      d->sent_bytes += p->length;
    } else {
      d->device_drops++;
    }
    free(p->bytes);
  }
}

static void obey(const char *command) {
  unsigned which;
  long long rate, delay, jitter, loss, burst, queue;
  int cut;
  if (sscanf(command, "count %u", &which) == 1 && which < 2) {
    struct direction *d = &directions[which];
    printf("count %llu %llu %llu %llu %llu %llu %llu\n", (unsigned long long)d->offered, (unsigned long long)d->sent,
           (unsigned long long)d->sent_bytes, (unsigned long long)d->queue_drops, (unsigned long long)d->lost,
           (unsigned long long)d->cut_drops, (unsigned long long)d->device_drops);
  } else if (sscanf(command, "set %u %lld %lld %lld %lld %lld %lld %d", &which, &rate, &delay, &jitter, &loss,
                    &burst, &queue, &cut) == 8 &&
             which < 2) {
    struct direction *d = &directions[which];
    d->rate = rate;
    d->delay = delay * 1000;
    d->jitter = jitter * 1000;
    d->jitter_until = 0;
    d->loss_ppm = (uint64_t)loss;
    d->burst_ppm = (uint64_t)burst;
    d->queue = queue * 1000;
    d->cut = cut;
    printf("ok\n");
  } else {
    printf("error: not a command: %s\n", command);
  }
}

/* Reads what there is of the input and obeys whole lines. 0 at the end of the input. */
static int read_commands(void) {
  static char text[4096];
  static size_t filled;
  ssize_t count = read(STDIN_FILENO, text + filled, sizeof text - 1 - filled);
  if (count <= 0) return count < 0 && errno == EINTR;
  filled += (size_t)count;
  text[filled] = '\0';
  char *line = text, *end;
  while ((end = strchr(line, '\n')) != NULL) {
    *end = '\0';
    obey(line);
    line = end + 1;
  }
  filled = strlen(line);
  memmove(text, line, filled + 1);
  return filled < sizeof text - 1;
}

/* When the next packet arrives at its end; INT64_MAX when none is under way. */
static int64_t next_arrival(void) {
  int64_t next = INT64_MAX;
  for (int i = 0; i < 2; i++) {
    struct direction *d = &directions[i];
    if (d->head != d->tail && d->ring[d->head % RING].arrives < next) next = d->ring[d->head % RING].arrives;
  }
  return next;
}

static int wait_and_work(void) {
  struct pollfd polled[3] = {{directions[0].from, POLLIN, 0}, {directions[1].from, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  int64_t next = next_arrival();
  int64_t left = next == INT64_MAX ? 0 : next - now_ns();
  if (left < 0) left = 0;
  struct timespec timeout = {left / 1000000000LL, left % 1000000000LL};
  if (ppoll(polled, 3, next == INT64_MAX ? NULL : &timeout, NULL) < 0 && errno != EINTR) fail("poll");
  for (int i = 0; i < 2; i++)
    if (polled[i].revents != 0) read_device(&directions[i]);
  for (int i = 0; i < 2; i++) deliver(&directions[i], now_ns());
  return polled[2].revents == 0 || read_commands();
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: line NETNS_A DEVICE_A NETNS_B DEVICE_B SEED\n");
    return 2;
  }
  /* Arrivals are late by tens of microseconds otherwise. */
  prctl(PR_SET_TIMERSLACK, 1UL);
  /* A line does not wait for programs; where that is not allowed, it is late when the processors are busy. */
  sched_setscheduler(0, SCHED_RR, &(struct sched_param){.sched_priority = 1});
  setvbuf(stdout, NULL, _IOLBF, 0);
  seed = strtoull(argv[5], NULL, 10) * 0x9E3779B97F4A7C15ULL + 1;
  int a = open_device(argv[1], argv[2]);
  int b = open_device(argv[3], argv[4]);
  directions[0].from = directions[1].to = a;
  directions[1].from = directions[0].to = b;
  printf("ready\n");
  while (wait_and_work()) continue;
  return 0;
}
