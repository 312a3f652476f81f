#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traffic.h"

enum { INTERVAL_NS = 1000000, PAYLOAD_BYTES = 64, PATIENCE_MS = 100, WARM_UP = 50 };

void traffic_echo(int fd) {
  uint8_t packet[TRAFFIC_BYTES];
  struct sockaddr_storage from;
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    socklen_t size = sizeof from;
    ssize_t length = recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &size);
    if (length >= 0) sendto(fd, packet, (size_t)length, 0, (struct sockaddr *)&from, size);
  }
}

static int compare(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

/* Microseconds until the echo of number `number` came; below 0 when it did not. */
static double once(int fd, uint32_t number) {
  uint8_t packet[TRAFFIC_BYTES] = {0};
  int64_t begin = traffic_now_ns();
  memcpy(packet, &number, sizeof number);
  if (send(fd, packet, PAYLOAD_BYTES, 0) < 0) return -1;
  for (;;) {
    uint32_t got;
    if (recv(fd, packet, sizeof packet, 0) < 0) return -1;
    memcpy(&got, packet, sizeof got);
    if (got == number) return (double)(traffic_now_ns() - begin) / 1000;
  }
}

void traffic_ping(int fd, unsigned count) {
  struct timeval patience = {.tv_usec = PATIENCE_MS * 1000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  double *micros = calloc(count, sizeof *micros);
  unsigned answered = 0;
  for (unsigned number = 0; number < count + WARM_UP; number++) {
    int64_t at = traffic_now_ns();
    double took = once(fd, number);
    if (number >= WARM_UP && took >= 0) micros[answered++] = took;
    traffic_sleep_until(at + INTERVAL_NS);
  }
  if (answered == 0) {
    fprintf(stderr, "traffic: no echo came\n");
    exit(1);
  }
  qsort(micros, answered, sizeof *micros, compare);
  printf("{\"p50Us\": %.1f, \"p99Us\": %.1f, \"lost\": %u}\n", micros[answered / 2], micros[answered * 99 / 100],
         count - answered);
  free(micros);
}
