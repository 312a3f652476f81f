/* The headers of an inner TCP or UDP packet: as far as offloads need to know them. */
#ifndef MP_INNER_H
#define MP_INNER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  MP_TCP_FIN = 1,
  MP_TCP_PSH = 8,
  MP_TCP_ACK = 16,
  MP_TCP_CWR = 128,
  /* Most bytes of IPv4 and TCP header with all options. */
  MP_MAX_HEADERS = 120
};

/* Offsets of fields, from the start of their header. */
enum { MP_IP4_LENGTH = 2, MP_IP4_ID = 4, MP_IP6_LENGTH = 4, MP_IP6_HEADER = 40 };
enum { MP_TCP_SEQUENCE = 4, MP_TCP_ACKNOWLEDGED = 8, MP_TCP_FLAGS = 13, MP_UDP_LENGTH = 4 };

typedef struct {
  uint8_t version;       /* 4 or 6 */
  uint8_t protocol;      /* IPPROTO_TCP or IPPROTO_UDP */
  uint16_t ip_bytes;     /* the IP header: where TCP or UDP begins */
  uint16_t header_bytes; /* IP and TCP or UDP header: where the payload begins */
  uint16_t checksum_at;  /* of TCP or UDP, from the start of the packet */
} mp_inner;

/*
 * Reads the headers of a packet. False for what is not TCP or UDP, is a fragment, has IPv6 extension headers, or
 * whose headers are not whole in the `length` bytes there are: offloads leave it alone then.
 */
bool mp_inner_read(const uint8_t *packet, size_t length, mp_inner *into);
/* The second half of it: reads the header of TCP or UDP, for which version, protocol and ip_bytes are known. */
bool mp_inner_read_behind(const uint8_t *packet, size_t length, mp_inner *into);
/* Writes the length fields of IP and UDP for a packet of `length` bytes. */
void mp_inner_set_length(uint8_t *packet, const mp_inner *inner, size_t length);

static inline uint16_t mp_get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }
static inline uint32_t mp_get32(const uint8_t *at) { return (uint32_t)mp_get16(at) << 16 | mp_get16(at + 2); }
static inline void mp_set16(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}
static inline void mp_set32(uint8_t *at, uint32_t value) {
  mp_set16(at, value >> 16);
  mp_set16(at + 2, value);
}

#endif
