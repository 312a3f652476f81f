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

/* How often a receiver looks at the clock when nothing comes. */
enum { TRAFFIC_LOOK_MS = 50 };

/* Counts bytes that came. */
void traffic_arrived(size_t bytes);

/* Whether `seconds` have passed since the first came. */
bool traffic_is_over(unsigned seconds);

/* Prints when the first came, and the bytes of each 10 ms from then on. */
void traffic_print_arrivals(unsigned seconds);

/* Takes `flows` streams of TCP, for `seconds` since the first byte. */
void traffic_receive_streams(uint16_t port, unsigned flows, unsigned seconds);

/* Sends as much as goes until the receiver hangs up. */
void traffic_send_streams(const char *address, uint16_t port, unsigned flows, const char *congestion);

/* The same with one flow that is like QUIC. */
void traffic_receive_quic(int fd, unsigned seconds);
void traffic_send_quic(int fd);

#endif
