/*
 * A flow that sends as QUIC does (RFC 9002): a packet is lost when one three numbers later was acknowledged, whatever
 * time has passed, and that is never taken back; CUBIC (RFC 9438), paced. No handshake, no retransmission: what counts
 * is how many packets arrive.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "traffic.h"

enum { PACKET_BYTES = 1200, RING = 1 << 16, THRESHOLD = 3, MASK_BITS = 256, FIRST_WINDOW = 10, LEAST_WINDOW = 2 };
enum { BURST = 8, ACK_EVERY = 2, PERSISTENT = 3, MAX_TIMEOUTS = 6 };
static const double BETA = 0.7, CUBIC = 0.4, PACING_GAIN = 1.25, ACK_DELAY_S = 0.025, MIN_TIMEOUT_S = 0.1;

/* The newest number that came, and which of those before it. */
typedef struct {
  uint64_t largest;
  uint64_t mask[MASK_BITS / 64];
} ack;

enum state { RESOLVED, UNDER_WAY };

/* Times are seconds, windows packets. */
static struct {
  double window, threshold, plateau, epoch, friendly;
  double srtt, variance, recovery, next_send, heard;
  uint64_t next, oldest;
  unsigned in_flight, timeouts;
  double sent_at[RING];
  uint8_t states[RING];
} flow = {.window = FIRST_WINDOW, .threshold = INFINITY};

static double now_s(void) { return (double)traffic_now_ns() / 1e9; }

static void sample(double rtt) {
  if (flow.srtt == 0) {
    flow.srtt = rtt;
    flow.variance = rtt / 2;
    return;
  }
  flow.variance += (fabs(flow.srtt - rtt) - flow.variance) / 4;
  flow.srtt += (rtt - flow.srtt) / 8;
}

static void shrink(double sent_at, double now) {
  /* One answer to all losses of a round trip. */
  if (sent_at <= flow.recovery) return;
  flow.recovery = flow.epoch = now;
  flow.plateau = flow.window;
  flow.window = flow.threshold = flow.friendly = fmax(LEAST_WINDOW, flow.window * BETA);
}

static void grow(double now) {
  if (flow.window < flow.threshold) {
    flow.window += 1;
    return;
  }
  double knee = cbrt(flow.plateau * (1 - BETA) / CUBIC);
  double target = flow.plateau + CUBIC * pow(now - flow.epoch + flow.srtt - knee, 3);
  flow.friendly += 3 * (1 - BETA) / (1 + BETA) / flow.window;
  flow.window += fmin(0.5, fmax(0, target - flow.window) / flow.window);
  flow.window = fmax(flow.window, flow.friendly);
}

static bool is_acked(const ack *got, uint64_t number) {
  if (number == got->largest) return true;
  uint64_t below = got->largest - number - 1;
  return below < MASK_BITS && (got->mask[below / 64] >> below % 64 & 1) != 0;
}

static void handle_ack(const ack *got, double now) {
  if (got->largest >= flow.next || got->largest + RING < flow.next) return;
  if (flow.states[got->largest % RING] == UNDER_WAY) sample(now - flow.sent_at[got->largest % RING]);
  flow.heard = now;
  flow.timeouts = 0;
  for (uint64_t number = flow.oldest; number <= got->largest; number++) {
    uint8_t *state = &flow.states[number % RING];
    if (*state != UNDER_WAY) continue;
    bool acked = is_acked(got, number);
    if (!acked && number + THRESHOLD > got->largest) continue;
    *state = RESOLVED;
    flow.in_flight--;
    double sent_at = flow.sent_at[number % RING];
    if (!acked) shrink(sent_at, now);
    else if (sent_at > flow.recovery) grow(now);
  }
  while (flow.oldest < flow.next && flow.states[flow.oldest % RING] == RESOLVED) flow.oldest++;
}

/* Returns false when the receiver is gone. What does not fit into the queue of the device is lost. */
static bool send_one(int fd, double now) {
  static uint8_t packet[PACKET_BYTES];
  memcpy(packet, &flow.next, sizeof flow.next);
  if (send(fd, packet, sizeof packet, MSG_DONTWAIT) < 0 && errno == ECONNREFUSED) return false;
  flow.sent_at[flow.next % RING] = now;
  flow.states[flow.next++ % RING] = UNDER_WAY;
  flow.in_flight++;
  return true;
}

static bool may_send(double now) {
  return flow.in_flight < flow.window && flow.next_send <= now && flow.next - flow.oldest < RING;
}

/* Sends what is due, at the pace, or a probe when nothing was heard for long. Returns when to come again; never: -1. */
static double send_due(int fd, double now) {
  double gap = flow.srtt / (flow.window * PACING_GAIN);
  flow.next_send = fmax(flow.next_send, now - BURST * gap);
  for (; may_send(now); flow.next_send += gap)
    if (!send_one(fd, now)) return -1;
  double patience = fmax(MIN_TIMEOUT_S, flow.srtt + 4 * flow.variance + ACK_DELAY_S);
  double timeout = flow.heard + patience * (double)(1u << flow.timeouts);
  if (timeout > now) return flow.in_flight < flow.window ? fmin(timeout, flow.next_send) : timeout;
  if (flow.timeouts < MAX_TIMEOUTS) flow.timeouts++;
  if (flow.timeouts == PERSISTENT) flow.window = LEAST_WINDOW;
  flow.heard = now;
  return send_one(fd, now) ? now + patience : -1;
}

void traffic_send_quic(int fd) {
  double now = now_s(), due;
  flow.heard = flow.next_send = now;
  while ((due = send_due(fd, now)) >= 0) {
    double wait = fmax(0, due - now);
    struct timespec timeout = {(time_t)wait, (long)(fmod(wait, 1) * 1e9)};
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    if (ppoll(&polled, 1, &timeout, NULL) < 0) traffic_fail("poll");
    now = now_s();
    ack got;
    while (recv(fd, &got, sizeof got, MSG_DONTWAIT) == sizeof got) handle_ack(&got, now);
  }
}

static uint8_t came[RING];

/* Notes a number. Returns false when it came before, or is too old to know. */
static bool note(uint64_t *largest, uint64_t number) {
  if (number + RING <= *largest) return false;
  for (; *largest < number; ++*largest) came[(*largest + 1) % RING] = false;
  bool is_new = !came[number % RING];
  came[number % RING] = true;
  return is_new;
}

static ack ack_of(uint64_t largest) {
  ack all = {.largest = largest};
  for (uint64_t below = 0; below < MASK_BITS && below < largest; below++)
    all.mask[below / 64] |= (uint64_t)came[(largest - 1 - below) % RING] << below % 64;
  return all;
}

void traffic_receive_quic(int fd, unsigned seconds) {
  printf("ready\n");
  fflush(stdout);
  uint64_t largest = 0, number, since = 0;
  uint8_t packet[TRAFFIC_BYTES];
  struct sockaddr_in from;
  struct timeval look = {.tv_usec = TRAFFIC_LOOK_MS * 1000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &look, sizeof look);
  while (!traffic_is_over(seconds)) {
    socklen_t size = sizeof from;
    ssize_t length = recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &size);
    if (length < PACKET_BYTES) continue;
    memcpy(&number, packet, sizeof number);
    if (note(&largest, number)) traffic_arrived((size_t)length);
    if (++since % ACK_EVERY != 0 && number == largest) continue;
    ack answer = ack_of(largest);
    sendto(fd, &answer, sizeof answer, 0, (struct sockaddr *)&from, size);
  }
  traffic_print_arrivals(seconds);
}
