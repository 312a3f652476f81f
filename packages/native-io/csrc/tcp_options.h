/* Options of TCP connections; which there are, and how they are called, each system has its own mind about. */
#ifndef MP_TCP_OPTIONS_H
#define MP_TCP_OPTIONS_H

#include <stdint.h>

/* No delay, the congestion control we like best, and an end to connections whose other end is silent. What a system lacks is left out. */
void mp_tcp_set_options(int fd);
/* What the connection carried lately, bytes a second; 0 where the system does not say. */
uint64_t mp_tcp_delivery_rate(int fd);
/* Sending is to stop while so many bytes are unsent. */
void mp_tcp_set_unsent(int fd, int32_t bytes);

#endif
