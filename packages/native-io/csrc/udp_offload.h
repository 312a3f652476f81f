/*
 * Segmentation (UDP_SEGMENT, "GSO") and its counterpart (UDP_GRO): one message stands for several datagrams of one
 * size to or from one peer, of which the last may be shorter. Linux only; elsewhere every message is one datagram.
 */
#ifndef MP_UDP_OFFLOAD_H
#define MP_UDP_OFFLOAD_H

#include "control.h"
#include <stdbool.h>
#include <stdint.h>

/* Most datagrams of one message. Newer kernels take 128; what more than 64 save cannot be measured. */
enum { MP_RUN_SEGMENTS = 64 };
/* Most bytes of a message over IPv4, as of a single datagram. IPv6 would take 20 more. */
enum { MP_RUN_BYTES = 65507 };
/* More than any message has. */
enum { MP_MESSAGE_BYTES = 65536 };

/* Which of both a socket uses. */
typedef struct {
  bool gso;
  bool gro;
  const char *reason; /* why one that was wished for is off; NULL when none is */
} mp_offloads;

/*
 * Switches on for socket `fd` what `wish` wants and the kernel has, once it has proved for this process that it does it
 * right: bursts sent over loopback must arrive as they were sent. Kernels and drivers that mix up bytes exist.
 */
mp_offloads mp_offloads_set(int fd, mp_offloads wish);
/* Has `message` cut into datagrams of `segment` bytes. Writes into `control`. */
void mp_segment_write(struct msghdr *message, mp_control *control, uint16_t segment);
/* Bytes of each datagram in a received message, 0 when it is a single one. */
uint32_t mp_segment_read(struct msghdr *message);

#endif
