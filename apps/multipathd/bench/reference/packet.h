/*
 * What both directions know of packets: numbers in network order, the frame around an inner packet, and where the
 * parts of an inner packet begin.
 */
#ifndef REF_PACKET_H
#define REF_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  REF_FRAME_BYTES = 16,     /* as long as the header of the product */
  REF_TAG_BYTES = 16,       /* behind a sealed packet */
  REF_IP_LIMIT = 65535,     /* longest IP packet, bytes */
  REF_HEADERS_LIMIT = 120,  /* longest IP and TCP headers, bytes: 60 each */
  REF_RUN = 16,             /* packets that stay together on one path */
  REF_PATHS = 8,            /* most paths */
  REF_SEGMENTS = 64,        /* most datagrams of one UDP_SEGMENT message, and of one USO packet */
  REF_PARTIAL = 1,          /* frame flag: the checksum inside holds only the sum of the pseudo header */
};

enum { REF_TCP = 6, REF_UDP = 17, REF_TCP_FIN_PSH = 0x09, REF_TCP_PSH = 0x08, REF_TCP_ACK = 0x10, REF_TCP_CWR = 0x80 };

static inline uint16_t get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }
static inline uint32_t get32(const uint8_t *at) { return (uint32_t)get16(at) << 16 | get16(at + 2); }
static inline void put16(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}
static inline void put32(uint8_t *at, uint32_t value) {
  put16(at, value >> 16);
  put16(at + 2, value & 0xffff);
}
static inline void put64(uint8_t *at, uint64_t value) {
  put32(at, (uint32_t)(value >> 32));
  put32(at + 4, (uint32_t)value);
}
static inline uint64_t get64(const uint8_t *at) { return (uint64_t)get32(at) << 32 | get32(at + 4); }

/* An inner packet whose transport header could be found. Lengths are bytes. */
typedef struct {
  bool v4;
  uint8_t protocol;
  uint32_t ip_bytes;       /* of the IP header */
  uint32_t header_bytes;   /* of IP and transport header */
  uint32_t checksum_at;    /* offset of the transport checksum in the transport header */
} ref_shape;

/*
 * False for what is no whole TCP or UDP packet right behind its IP header. `length` is what lies at `packet`; the
 * length that the IP header claims is not looked at, since it is wrong in packets that are still to be cut.
 */
static inline bool ref_shape_of(const uint8_t *packet, size_t length, ref_shape *shape) {
  if (length < 28) return false;
  shape->v4 = packet[0] >> 4 == 4;
  if (!shape->v4 && packet[0] >> 4 != 6) return false;
  if (shape->v4 && (get16(packet + 6) & 0x3fff) != 0) return false; /* a fragment */
  shape->protocol = packet[shape->v4 ? 9 : 6];
  shape->ip_bytes = shape->v4 ? (packet[0] & 15u) * 4 : 40;
  bool tcp = shape->protocol == REF_TCP;
  if ((!tcp && shape->protocol != REF_UDP) || shape->ip_bytes < 20) return false;
  if (length < shape->ip_bytes + (tcp ? 20u : 8u)) return false;
  shape->checksum_at = tcp ? 16 : 6;
  shape->header_bytes = shape->ip_bytes + (tcp ? (packet[shape->ip_bytes + 12] >> 4) * 4u : 8u);
  return shape->header_bytes >= shape->ip_bytes + (tcp ? 20u : 8u) && shape->header_bytes <= length;
}

#endif
