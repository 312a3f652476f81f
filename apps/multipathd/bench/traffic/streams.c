#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "traffic.h"

enum { CHUNK_BYTES = 1 << 18, FLOWS = 64 };

static char chunk[CHUNK_BYTES];

void traffic_receive_streams(uint16_t port, unsigned flows, unsigned seconds) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, FLOWS) < 0) traffic_fail("listen");
  printf("ready\n");
  fflush(stdout);
  struct pollfd polled[FLOWS + 1] = {{.fd = listener, .events = POLLIN}};
  unsigned joined = 0;
  while (!traffic_is_over(seconds)) {
    if (poll(polled, joined + 1, TRAFFIC_LOOK_MS) < 0) traffic_fail("poll");
    for (unsigned flow = 1; flow <= joined; flow++) {
      if (polled[flow].revents == 0) continue;
      ssize_t length = recv(polled[flow].fd, chunk, sizeof chunk, MSG_DONTWAIT | MSG_TRUNC);
      if (length > 0) traffic_arrived((size_t)length);
      if (length == 0) polled[flow].fd = -1;
    }
    if (polled[0].revents == 0 || joined == flows) continue;
    polled[++joined] = (struct pollfd){.fd = accept(listener, NULL, NULL), .events = POLLIN};
  }
  traffic_print_arrivals(seconds);
}

static int connect_stream(const char *address, uint16_t port, const char *congestion) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, address, &at.sin_addr) != 1) traffic_fail(address);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion, (socklen_t)strlen(congestion)) < 0) traffic_fail(congestion);
  if (connect(fd, (struct sockaddr *)&at, sizeof at) < 0) traffic_fail("connect");
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

void traffic_send_streams(const char *address, uint16_t port, unsigned flows, const char *congestion) {
  struct pollfd polled[FLOWS];
  for (unsigned flow = 0; flow < flows; flow++)
    polled[flow] = (struct pollfd){.fd = connect_stream(address, port, congestion), .events = POLLOUT};
  for (;;) {
    if (poll(polled, flows, -1) < 0) traffic_fail("poll");
    for (unsigned flow = 0; flow < flows; flow++) {
      if (polled[flow].revents == 0) continue;
      /* The receiver hangs up when it has seen enough. */
      if (send(polled[flow].fd, chunk, sizeof chunk, MSG_NOSIGNAL) < 0 && errno != EAGAIN) return;
    }
  }
}
