#include "coalesce.h"

#include <string.h>

#include "checksum.h"

enum { MP_LARGEST_PACKET = 65535, IP4_FRAGMENT = 6, IP4_DONT_FRAGMENT = 0x40 };

static bool same(const uint8_t *a, const uint8_t *b, size_t from, size_t to) {
  return memcmp(a + from, b + from, to - from) == 0;
}

/* Same addresses, class, lifetime and options. Ids count on, as when the kernel cuts, or mean nothing and stay. */
static bool follows_ip(const mp_run *run, const uint8_t *first, const uint8_t *next) {
  if (run->inner.version == 6) return same(first, next, 0, MP_IP6_LENGTH) && same(first, next, 6, MP_IP6_HEADER);
  uint16_t step = (uint16_t)(mp_get16(next + MP_IP4_ID) - mp_get16(first + MP_IP4_ID));
  bool id = step == run->rows || (step == 0 && (first[IP4_FRAGMENT] & IP4_DONT_FRAGMENT) != 0);
  return id && same(first, next, 0, MP_IP4_LENGTH) && same(first, next, IP4_FRAGMENT, 10) &&
         same(first, next, 12, run->inner.ip_bytes);
}

/* Same ports, acknowledgement, window and options, and the sequence that the payload so far leads to. */
static bool follows_tcp(const mp_run *run, const uint8_t *first, const uint8_t *next) {
  size_t options = run->inner.header_bytes - run->inner.ip_bytes;
  uint32_t payload = (uint32_t)(run->length - run->inner.header_bytes);
  return same(first, next, 0, MP_TCP_SEQUENCE) &&
         mp_get32(next + MP_TCP_SEQUENCE) == mp_get32(first + MP_TCP_SEQUENCE) + payload &&
         same(first, next, MP_TCP_ACKNOWLEDGED, MP_TCP_FLAGS) && same(first, next, 14, 16) &&
         same(first, next, 18, options);
}

/* Nothing but an acknowledgement, which every segment of a transfer is. PSH ends a run. */
static bool is_bulk(const uint8_t *packet, const mp_inner *inner) {
  if (inner->protocol == IPPROTO_UDP) return true;
  return (packet[inner->ip_bytes + MP_TCP_FLAGS] & ~MP_TCP_PSH) == MP_TCP_ACK;
}

static bool is_pushed(const uint8_t *packet, const mp_inner *inner) {
  return inner->protocol == IPPROTO_TCP && (packet[inner->ip_bytes + MP_TCP_FLAGS] & MP_TCP_PSH) != 0;
}

/* A checksum that is whole is given up for one that is begun: only if it was right. */
static bool is_sound(const mp_run *run, const uint8_t *packet, size_t length) {
  return run->partial || mp_checksum_right(packet, length, &run->inner);
}

static bool follows(const mp_run *run, const uint8_t *first, const uint8_t *next, size_t length) {
  mp_inner inner;
  if (!mp_inner_read(next, length, &inner) || inner.version != run->inner.version) return false;
  if (inner.protocol != run->inner.protocol || inner.header_bytes != run->inner.header_bytes) return false;
  if (inner.ip_bytes != run->inner.ip_bytes || length == inner.header_bytes || !is_bulk(next, &inner)) return false;
  size_t payload = length - inner.header_bytes;
  if (payload > run->segment_bytes || run->length + payload > MP_LARGEST_PACKET) return false;
  if (!follows_ip(run, first, next)) return false;
  const uint8_t *a = first + inner.ip_bytes, *b = next + inner.ip_bytes;
  bool joins = inner.protocol == IPPROTO_TCP ? follows_tcp(run, a, b) : same(a, b, 0, MP_UDP_LENGTH);
  return joins && is_sound(run, next, length);
}

bool mp_run_find(mp_run *run, mp_endpoint *endpoint, const mp_batch *batch, uint32_t row, uint32_t rows, bool udp) {
  const uint8_t *first = mp_packet(endpoint, batch, row);
  size_t length = (size_t)*mp_cell(batch, MP_LENGTH, row);
  if (first == NULL || !mp_inner_read(first, length, &run->inner)) return false;
  run->rows = 1;
  run->length = length;
  run->segment_bytes = length - run->inner.header_bytes;
  run->partial = (*mp_cell(batch, MP_FLAGS, row) & MP_FLAG_PARTIAL) != 0;
  bool alone = run->segment_bytes == 0 || (run->inner.protocol == IPPROTO_UDP && !udp) ||
               !is_bulk(first, &run->inner) || is_pushed(first, &run->inner);
  bool sound = false;
  while (!alone && run->rows < MP_SUPER_ROWS && row + run->rows < rows) {
    const uint8_t *next = mp_packet(endpoint, batch, row + run->rows);
    size_t next_length = (size_t)*mp_cell(batch, MP_LENGTH, row + run->rows);
    bool partial = (*mp_cell(batch, MP_FLAGS, row + run->rows) & MP_FLAG_PARTIAL) != 0;
    if (next == NULL || partial != run->partial || !follows(run, first, next, next_length)) break;
    /* The first one is summed only when there is a second. */
    if (!sound && !(sound = is_sound(run, first, length))) break;
    run->rows++;
    run->length += next_length - run->inner.header_bytes;
    /* What is shorter, or pushed, is the last. */
    alone = next_length - run->inner.header_bytes < run->segment_bytes || is_pushed(next, &run->inner);
  }
  return true;
}
