#include "test_flow.h"

#include <arpa/inet.h>
#include <string.h>

#include "checksum.h"

enum { TEST_SEGMENT = 1000 };

static void head_ip(uint8_t *packet, const mp_test_flow *flow, uint32_t index) {
  if (flow->version == 4) {
    memcpy(packet, (uint8_t[]){0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, flow->protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2}, 20);
    mp_set16(packet + MP_IP4_ID, 700 + index);
    return;
  }
  memcpy(packet, (uint8_t[]){0x60, 0, 0, 0, 0, 0, flow->protocol, 64}, 8);
  memcpy(packet + 8, (uint8_t[]){0x20, 1, 0x0d, 0xb8, [15] = 1}, 16);
  memcpy(packet + 24, (uint8_t[]){0x20, 1, 0x0d, 0xb8, [15] = 2}, 16);
}

static void head_transport(uint8_t *at, const mp_test_flow *flow, uint32_t from, bool last) {
  memcpy(at, (uint8_t[]){0x1b, 0x58, 0x1b, 0x59}, 4);
  if (flow->protocol != IPPROTO_TCP) return;
  mp_set32(at + MP_TCP_SEQUENCE, 0xfffffc00 + from); /* passes 2^32 */
  at[12] = 5 << 4;
  at[MP_TCP_FLAGS] = MP_TCP_ACK | (last ? MP_TCP_PSH : 0);
  mp_set16(at + 14, 512);
}

/*
 * Makes the packet that carries bytes `from…end-1` of the flow, its checksum whole or only begun. Returns its length.
 */
static size_t make_packet(uint8_t *packet, const mp_test_flow *flow, uint32_t from, uint32_t end, bool whole) {
  mp_inner inner;
  memset(packet, 0, MP_MAX_HEADERS);
  head_ip(packet, flow, from / TEST_SEGMENT);
  head_transport(packet + (flow->version == 4 ? 20 : MP_IP6_HEADER), flow, from, end == MP_TEST_BYTES);
  mp_inner_read(packet, MP_MAX_HEADERS, &inner);
  size_t length = inner.header_bytes + (end - from);
  for (uint32_t at = from; at < end; at++) packet[inner.header_bytes + at - from] = (uint8_t)(at * 31 + at / 251);
  mp_inner_set_length(packet, &inner, length);
  mp_checksum_ip(packet, &inner);
  uint16_t begun = mp_fold(mp_pseudo_sum(packet, &inner) + htons((uint16_t)(length - inner.ip_bytes)));
  memcpy(packet + inner.checksum_at, &begun, sizeof begun);
  if (whole) mp_checksum_complete(packet, length, inner.ip_bytes, inner.checksum_at);
  return length;
}

size_t mp_test_segment(uint8_t *packet, const mp_test_flow *flow, uint32_t index) {
  uint32_t from = index * TEST_SEGMENT, end = from + TEST_SEGMENT;
  return make_packet(packet, flow, from, end < MP_TEST_BYTES ? end : MP_TEST_BYTES, true);
}

size_t mp_test_super(uint8_t *packet, const mp_test_flow *flow) {
  return make_packet(packet, flow, 0, MP_TEST_BYTES, false);
}

static uint8_t gso_type(const mp_test_flow *flow) {
  if (flow->protocol == IPPROTO_UDP) return MP_GSO_UDP;
  return flow->version == 4 ? MP_GSO_TCP4 : MP_GSO_TCP6;
}

mp_vnet_header mp_test_header(const mp_test_flow *flow) {
  uint16_t ip_bytes = flow->version == 4 ? 20 : MP_IP6_HEADER;
  bool tcp = flow->protocol == IPPROTO_TCP;
  return (mp_vnet_header){
      .flags = MP_VNET_NEEDS_CHECKSUM,
      .gso_type = gso_type(flow),
      .header_bytes = (uint16_t)(ip_bytes + (tcp ? 20 : 8)),
      .segment_bytes = TEST_SEGMENT,
      .checksum_start = ip_bytes,
      .checksum_offset = tcp ? 16 : 6,
  };
}
