/*
 * Internet checksums (RFC 1071) of inner packets. Sums are kept in the byte order of the memory they were read from,
 * which the one's complement sum allows: no byte is swapped on the way.
 */
#ifndef MP_CHECKSUM_H
#define MP_CHECKSUM_H

#include <stdint.h>

#include "inner.h"

/* Adds `length` bytes to `sum`; an odd last byte counts as if a zero followed. */
uint64_t mp_sum(const uint8_t *bytes, size_t length, uint64_t sum);
/* The sum in 16 bits, not complemented. */
uint16_t mp_fold(uint64_t sum);
/* Addresses and protocol of the pseudo header, without the length of what follows the IP header. */
uint64_t mp_pseudo_sum(const uint8_t *packet, const mp_inner *inner);

/* Fills in the checksum at `at`, which holds the sum of what is not covered by `start…length-1`. */
void mp_checksum_complete(uint8_t *packet, size_t length, size_t start, size_t at);
/* Whether the checksum of a whole TCP or UDP packet is right. UDP without a checksum is not. */
bool mp_checksum_right(const uint8_t *packet, size_t length, const mp_inner *inner);
/* The IPv4 header's own checksum, made anew. */
void mp_checksum_ip(uint8_t *packet, const mp_inner *inner);

#endif
