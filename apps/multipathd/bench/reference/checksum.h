#ifndef REF_CHECKSUM_H
#define REF_CHECKSUM_H

#include <arpa/inet.h>

#include "packet.h"

/* Adds the 16-bit words of `bytes` in memory order to a sum that is folded later. */
uint64_t ref_sum(const uint8_t *bytes, size_t length, uint64_t sum);

/* One word of a number in host order, as ref_sum would see it on the wire. */
static inline uint64_t ref_word(uint32_t value) { return htons((uint16_t)value); }

/* To 16 bits, not inverted. */
static inline uint16_t ref_fold(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* Addresses and protocol of the pseudo header; its length is added by the caller. */
uint64_t ref_pseudo(const uint8_t *packet, const ref_shape *shape);

/* Writes the checksum of an IPv4 header. */
void ref_checksum_ip(uint8_t *packet, uint32_t ip_bytes);

/* True when the transport checksum is there and right. `length`: of the whole packet. */
bool ref_verify(const uint8_t *packet, size_t length, const ref_shape *shape);

/* Writes the transport checksum whose field holds the sum of the pseudo header. */
void ref_complete(uint8_t *packet, size_t length, uint32_t start, uint32_t offset);

/* A sum as the value of a checksum field. 0 means "none" to UDP, so its other form is written. */
static inline void ref_put_checksum(uint8_t *at, uint64_t sum, bool udp) {
  uint16_t value = (uint16_t)~ref_fold(sum);
  if (value == 0 && udp) value = 0xffff;
  __builtin_memcpy(at, &value, sizeof value);
}

#endif
