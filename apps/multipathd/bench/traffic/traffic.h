/* What the parts of the traffic generator share. */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { TRAFFIC_STEPS = 256, TRAFFIC_BYTES = 2048 };

/* Prints what failed and exits. */
void traffic_fail(const char *what);

int64_t traffic_now_ns(void);
void traffic_sleep_until(int64_t ns);

/* A UDP socket with large buffers: bound to `port` when `address` is NULL, else connected. */
int traffic_socket(const char *address, uint16_t port);

/* How a load grows: `steps` steps of `step_ms`, from `first_pps` packets a second on, each `growth` times the last. */
typedef struct {
  size_t payload_bytes;
  unsigned steps;
  unsigned step_ms;
  double first_pps; /* 0: as fast as it goes */
  double growth;
} traffic_load;

/* Sends a load and prints what was sent in each step. */
void traffic_send(int fd, const traffic_load *load);

/* Counts what arrives until it has been silent for a while, and prints what arrived of each step. */
void traffic_sink(int fd);

/* Sends every datagram back, forever. */
void traffic_echo(int fd);

/* Sends `count` datagrams, 1 ms apart, and prints how long the echoes took. */
void traffic_ping(int fd, unsigned count);

#endif
