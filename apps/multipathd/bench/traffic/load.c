#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "traffic.h"

enum { BATCH = 32, TICK_NS = 200000, SILENCE_MS = 250 };

/* The first byte of a payload is the number of the step. */
static uint8_t payload[TRAFFIC_BYTES];
static uint8_t arrived[BATCH][TRAFFIC_BYTES];
static uint64_t counts[TRAFFIC_STEPS];

/* Returns how many of `wanted` packets left. What does not fit into the queue of the device is not sent. */
static unsigned send_batch(int fd, size_t bytes, unsigned wanted) {
  static struct mmsghdr messages[BATCH];
  struct iovec part = {payload, bytes};
  for (unsigned index = 0; index < wanted; index++)
    messages[index].msg_hdr = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
  int sent = sendmmsg(fd, messages, wanted, 0);
  if (sent < 0 && errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED) traffic_fail("sendmmsg");
  return sent < 0 ? 0 : (unsigned)sent;
}

/* Packets of one step: in each tick those that are due, so that the rate is kept whatever the clock does. */
static uint64_t send_step(int fd, size_t bytes, int64_t begin_ns, int64_t end_ns, double pps) {
  uint64_t sent = 0;
  for (int64_t now = begin_ns; now < end_ns; now = traffic_now_ns()) {
    uint64_t due = pps == 0 ? sent + BATCH : (uint64_t)((double)(now - begin_ns) * pps / 1e9) + 1;
    while (sent < due) {
      unsigned wanted = due - sent < BATCH ? (unsigned)(due - sent) : BATCH;
      unsigned left = send_batch(fd, bytes, wanted);
      sent += left;
      if (left < wanted || traffic_now_ns() >= end_ns) break;
    }
    if (pps > 0) traffic_sleep_until(now + TICK_NS);
  }
  return sent;
}

static void print_counts(const char *name, unsigned steps) {
  printf("{\"%s\": [", name);
  for (unsigned step = 0; step < steps; step++) printf("%s%" PRIu64, step > 0 ? ", " : "", counts[step]);
  printf("]}\n");
  fflush(stdout);
}

void traffic_send(int fd, const traffic_load *load) {
  double pps = load->first_pps;
  int64_t at = traffic_now_ns(), step_ns = (int64_t)load->step_ms * 1000000;
  for (unsigned step = 0; step < load->steps; step++, at += step_ns, pps *= load->growth) {
    payload[0] = (uint8_t)step;
    counts[step] = send_step(fd, load->payload_bytes, at, at + step_ns, pps);
  }
  print_counts("sent", load->steps);
}

void traffic_sink(int fd) {
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  struct timeval silence = {.tv_usec = SILENCE_MS * 1000};
  for (unsigned index = 0; index < BATCH; index++) {
    parts[index] = (struct iovec){arrived[index], TRAFFIC_BYTES};
    messages[index].msg_hdr = (struct msghdr){.msg_iov = &parts[index], .msg_iovlen = 1};
  }
  unsigned steps = 0;
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    int count = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
    if (count < 0) break;
    /* The first packet may come whenever it wants. */
    if (steps == 0) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
    for (int index = 0; index < count; index++) {
      unsigned step = arrived[index][0];
      counts[step]++;
      if (step >= steps) steps = step + 1;
    }
  }
  print_counts("received", steps);
}
