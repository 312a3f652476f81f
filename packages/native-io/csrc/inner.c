#include "inner.h"

enum { FRAGMENT_BITS = 0x3fff, UDP_HEADER = 8, TCP_HEADER = 20 };

static bool read_ip(const uint8_t *packet, size_t length, mp_inner *into) {
  if (length < 20) return false;
  into->version = packet[0] >> 4;
  if (into->version == 4) {
    into->ip_bytes = (uint16_t)((packet[0] & 15) * 4);
    into->protocol = packet[9];
    return into->ip_bytes >= 20 && (mp_get16(packet + 6) & FRAGMENT_BITS) == 0;
  }
  into->ip_bytes = MP_IP6_HEADER;
  into->protocol = packet[6];
  return into->version == 6;
}

bool mp_inner_read(const uint8_t *packet, size_t length, mp_inner *into) {
  return read_ip(packet, length, into) && mp_inner_read_behind(packet, length, into);
}

bool mp_inner_read_behind(const uint8_t *packet, size_t length, mp_inner *into) {
  size_t least = into->ip_bytes + (size_t)(into->protocol == IPPROTO_TCP ? TCP_HEADER : UDP_HEADER);
  if (length < least) return false;
  if (into->protocol == IPPROTO_UDP) {
    into->checksum_at = into->ip_bytes + 6;
    into->header_bytes = into->ip_bytes + UDP_HEADER;
    return true;
  }
  if (into->protocol != IPPROTO_TCP) return false;
  int tcp_bytes = (packet[into->ip_bytes + 12] >> 4) * 4;
  into->checksum_at = into->ip_bytes + 16;
  into->header_bytes = (uint16_t)(into->ip_bytes + tcp_bytes);
  return tcp_bytes >= TCP_HEADER && into->header_bytes <= length;
}

void mp_inner_set_length(uint8_t *packet, const mp_inner *inner, size_t length) {
  if (inner->version == 4)
    mp_set16(packet + MP_IP4_LENGTH, (uint32_t)length);
  else
    mp_set16(packet + MP_IP6_LENGTH, (uint32_t)length - MP_IP6_HEADER);
  if (inner->protocol == IPPROTO_UDP) {
    mp_set16(packet + inner->ip_bytes + MP_UDP_LENGTH, (uint32_t)length - inner->ip_bytes);
  }
}
