/*
 * Senders and receivers for the benches; figures come as JSON on one line.
 *
 *     traffic sink PORT
 *     traffic send ADDRESS PORT BYTES STEPS STEP_MS FIRST_PPS GROWTH
 *     traffic echo PORT
 *     traffic ping ADDRESS PORT COUNT
 *     traffic receive-tcp PORT FLOWS SECONDS
 *     traffic send-tcp ADDRESS PORT FLOWS CONGESTION_CONTROL
 *     traffic receive-quic PORT SECONDS
 *     traffic send-quic ADDRESS PORT
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "traffic.h"

enum { BUFFER_BYTES = 8 << 20 };

void traffic_fail(const char *what) {
  perror(what);
  exit(1);
}

int64_t traffic_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void traffic_sleep_until(int64_t ns) {
  struct timespec at = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

int traffic_socket(const char *address, uint16_t port) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = BUFFER_BYTES;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (address != NULL && inet_pton(AF_INET, address, &at.sin_addr) != 1) traffic_fail(address);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
  int failed = address == NULL ? bind(fd, (struct sockaddr *)&at, sizeof at) : connect(fd, (struct sockaddr *)&at, sizeof at);
  if (failed) traffic_fail("socket");
  return fd;
}

static traffic_load load_of(char **words) {
  return (traffic_load){
      .payload_bytes = strtoul(words[0], NULL, 10),
      .steps = (unsigned)atoi(words[1]),
      .step_ms = (unsigned)atoi(words[2]),
      .first_pps = atof(words[3]),
      .growth = atof(words[4]),
  };
}

int main(int count, char **words) {
  const char *command = count > 2 ? words[1] : "";
  if (count == 3 && strcmp(command, "sink") == 0) {
    traffic_sink(traffic_socket(NULL, (uint16_t)atoi(words[2])));
  } else if (count == 3 && strcmp(command, "echo") == 0) {
    traffic_echo(traffic_socket(NULL, (uint16_t)atoi(words[2])));
  } else if (count == 5 && strcmp(command, "ping") == 0) {
    traffic_ping(traffic_socket(words[2], (uint16_t)atoi(words[3])), (unsigned)atoi(words[4]));
  } else if (count == 5 && strcmp(command, "receive-tcp") == 0) {
    traffic_receive_streams((uint16_t)atoi(words[2]), (unsigned)atoi(words[3]), (unsigned)atoi(words[4]));
  } else if (count == 6 && strcmp(command, "send-tcp") == 0) {
    traffic_send_streams(words[2], (uint16_t)atoi(words[3]), (unsigned)atoi(words[4]), words[5]);
  } else if (count == 4 && strcmp(command, "receive-quic") == 0) {
    traffic_receive_quic(traffic_socket(NULL, (uint16_t)atoi(words[2])), (unsigned)atoi(words[3]));
  } else if (count == 4 && strcmp(command, "send-quic") == 0) {
    traffic_send_quic(traffic_socket(words[2], (uint16_t)atoi(words[3])));
  } else if (count == 9 && strcmp(command, "send") == 0) {
    traffic_load load = load_of(words + 4);
    if (load.payload_bytes < 1 || load.payload_bytes > TRAFFIC_BYTES || load.steps > TRAFFIC_STEPS) traffic_fail("send");
    traffic_send(traffic_socket(words[2], (uint16_t)atoi(words[3])), &load);
  } else {
    fprintf(stderr, "traffic: see the top of main.c\n");
    return 2;
  }
  return 0;
}
