#include "segment.h"

#include <arpa/inet.h>
#include <string.h>

#include "checksum.h"

static bool fits_type(const mp_super *super) {
  switch (super->header.gso_type & ~MP_GSO_ECN) {
    case MP_GSO_TCP4:
      return super->inner.protocol == IPPROTO_TCP && super->inner.version == 4;
    case MP_GSO_TCP6:
      return super->inner.protocol == IPPROTO_TCP && super->inner.version == 6;
    case MP_GSO_UDP:
      return super->inner.protocol == IPPROTO_UDP;
    default:
      return false;
  }
}

/* Behind extension headers of IPv6 the kernel knows where TCP or UDP begins, and of which of them it made the packet. */
static bool read_extended(mp_super *super, const uint8_t *packet, size_t whole) {
  const mp_vnet_header *header = &super->header;
  if ((header->flags & MP_VNET_NEEDS_CHECKSUM) == 0 || header->checksum_start <= MP_IP6_HEADER) return false;
  /* Near the end of a super-packet the lengths of both headers together would not fit 16 bits. */
  if (header->checksum_start > MP_SUPER_HEADERS) return false;
  uint8_t protocol = header->gso_type == MP_GSO_UDP ? IPPROTO_UDP : IPPROTO_TCP;
  super->inner = (mp_inner){.version = packet[0] >> 4, .protocol = protocol, .ip_bytes = header->checksum_start};
  return super->inner.version == 6 && mp_inner_read_behind(packet, whole, &super->inner) &&
         super->inner.header_bytes <= MP_SUPER_HEADERS;
}

/* As mp_pseudo_sum, from the checksum that is begun: behind a routing header another address than that of the packet counts. */
static uint64_t begun_sum(const uint8_t *packet, const mp_inner *inner, size_t length) {
  uint16_t begun;
  memcpy(&begun, packet + inner->checksum_at, sizeof begun);
  return begun + (uint64_t)(uint16_t)~htons((uint16_t)(length - inner->ip_bytes));
}

bool mp_super_begin(mp_super *super, const uint8_t *packet, size_t whole, size_t length) {
  super->length = super->next = 0;
  super->extended = !mp_inner_read(packet, whole, &super->inner);
  if ((super->extended && !read_extended(super, packet, whole)) || !fits_type(super)) return false;
  if (super->header.segment_bytes == 0 || length <= super->inner.header_bytes) return false;
  memcpy(super->headers, packet, super->inner.header_bytes);
  super->length = (uint32_t)length;
  super->next = super->inner.header_bytes;
  super->pseudo = super->extended ? begun_sum(packet, &super->inner, length) : mp_pseudo_sum(packet, &super->inner);
  return true;
}

uint32_t mp_super_next(const mp_super *super) {
  uint32_t left = super->length - super->next;
  return left < super->header.segment_bytes ? left : super->header.segment_bytes;
}

/* Counts the sequence on; what ends a record is said by the last segment, what answers a congestion mark by the first. */
static void stamp_tcp(const mp_super *super, uint8_t *tcp, bool first, bool last) {
  uint32_t before = super->next - super->inner.header_bytes;
  mp_set32(tcp + MP_TCP_SEQUENCE, mp_get32(tcp + MP_TCP_SEQUENCE) + before);
  if (!last) tcp[MP_TCP_FLAGS] &= (uint8_t)~(MP_TCP_FIN | MP_TCP_PSH);
  if (!first) tcp[MP_TCP_FLAGS] &= (uint8_t)~MP_TCP_CWR;
}

static void stamp_checksum(const mp_super *super, uint8_t *packet, size_t length, bool partial) {
  const mp_inner *inner = &super->inner;
  uint16_t begun = mp_fold(super->pseudo + htons((uint16_t)(length - inner->ip_bytes)));
  memcpy(packet + inner->checksum_at, &begun, sizeof begun);
  if (!partial) mp_checksum_complete(packet, length, inner->ip_bytes, inner->checksum_at);
}

void mp_super_stamp(mp_super *super, uint8_t *packet, bool partial) {
  const mp_inner *inner = &super->inner;
  uint32_t payload = mp_super_next(super);
  size_t length = inner->header_bytes + payload;
  uint32_t index = (super->next - inner->header_bytes) / super->header.segment_bytes;
  memcpy(packet, super->headers, inner->header_bytes);
  mp_inner_set_length(packet, inner, length);
  if (inner->version == 4) mp_set16(packet + MP_IP4_ID, mp_get16(packet + MP_IP4_ID) + index);
  mp_checksum_ip(packet, inner);
  if (inner->protocol == IPPROTO_TCP) {
    stamp_tcp(super, packet + inner->ip_bytes, index == 0, super->next + payload == super->length);
  }
  stamp_checksum(super, packet, length, partial);
  super->next += payload;
}
