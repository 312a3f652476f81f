/*
 * Super-packets are read into the very places where their segments will lie, each with room for the frame header in
 * front and the tag behind:
 *
 *     | frame header | IP, TCP | payload 0 | tag | frame header | IP, TCP | payload 1 | tag | ...
 *
 * For that the length of the headers and of the segments must be known before the packet is: they are guessed to be
 * those of the super-packet before. When the guess was wrong, the pieces are put together and laid out again. One
 * super-packet then is one stretch of memory, which the kernel copies as a whole.
 */
#include "outbound.h"

#include <string.h>
#include <unistd.h>

#include "checksum.h"

enum {
  ROUND_PACKETS = 64,
  ROUND_BYTES = 8 << 16,   /* after which a round ends: what is sent should still be in the cache */
  PLACE_BYTES = 1 << 18,   /* for one super-packet with all its headers */
  SEGMENTS_LIMIT = 512,    /* of one super-packet */
  SINGLES_LIMIT = 16,      /* packets without segments in a row after which none are expected */
  PAYLOAD_LEAST = 512,     /* shorter segments are not guessed: there would be too many parts */
  READ_PARTS = 3 + REF_IP_LIMIT / PAYLOAD_LEAST,
};

/* How a super-packet lies in its place: bytes of headers and of payload in each segment. Payload 0: in one piece. */
typedef struct {
  uint32_t headers, payload, stride;
} layout;

static uint8_t places[ROUND_PACKETS][PLACE_BYTES];
static uint8_t linear[REF_IP_LIMIT + REF_HEADERS_LIMIT];
static layout expected;
static unsigned singles;

static layout layout_of(const ref_outbound *out, uint32_t headers, uint32_t payload) {
  uint32_t tag = out->seal != NULL ? REF_TAG_BYTES : 0;
  return (layout){headers, payload, REF_FRAME_BYTES + headers + payload + tag};
}

/* Numbers, seals and hands over the frame whose inner packet is in place. */
static void emit(ref_outbound *out, uint8_t *frame, uint32_t packet_bytes, bool partial) {
  uint64_t sequence = out->sequence++;
  unsigned path = out->paths == 1 ? 0 : (unsigned)(sequence / REF_RUN % out->paths);
  frame[0] = partial ? REF_PARTIAL : 0;
  frame[1] = frame[2] = frame[3] = 0;
  put32(frame + 4, path);
  put64(frame + 8, sequence);
  uint32_t length = REF_FRAME_BYTES + packet_bytes;
  if (out->seal != NULL) {
    ref_seal_frame(out->seal, frame, length);
    length += REF_TAG_BYTES;
  }
  ref_outbox_add(&out->boxes[path], frame, length);
}

/* A packet as it is. The partial flag says nothing of where the checksum is, so only the usual places can have it. */
static void emit_single(ref_outbound *out, uint8_t *frame, uint32_t length, const struct virtio_net_hdr *told) {
  uint8_t *packet = frame + REF_FRAME_BYTES;
  bool partial = (told->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0;
  ref_shape shape;
  if (partial && (out->full_checksum || !ref_shape_of(packet, length, &shape) || told->csum_start != shape.ip_bytes ||
                  told->csum_offset != shape.checksum_at)) {
    ref_complete(packet, length, told->csum_start, told->csum_offset);
    partial = false;
  }
  emit(out, frame, length, partial);
}

/* What is the same in all segments of a super-packet, worked out once. */
typedef struct {
  uint8_t headers[REF_HEADERS_LIMIT];
  ref_shape shape;
  uint32_t payload_bytes, id, sequence;
  uint64_t ip_sum, pseudo_sum; /* without length and, for IP, id */
} template;

static void read_template(template *made, const uint8_t *packet) {
  uint8_t *headers = memcpy(made->headers, packet, made->shape.header_bytes);
  made->id = get16(headers + 4);
  made->sequence = get32(headers + made->shape.ip_bytes + 4);
  if (made->shape.v4) {
    memset(headers + 2, 0, 4);
    memset(headers + 10, 0, 2);
    made->ip_sum = ref_sum(headers, made->shape.ip_bytes, 0);
  }
  made->pseudo_sum = ref_pseudo(headers, &made->shape);
}

static void write_ip(const template *from, uint8_t *packet, uint32_t index, uint32_t length) {
  if (!from->shape.v4) {
    put16(packet + 4, length - from->shape.ip_bytes);
    return;
  }
  uint32_t id = (from->id + index) & 0xffff;
  put16(packet + 2, length);
  put16(packet + 4, id);
  ref_put_checksum(packet + 10, from->ip_sum + ref_word(length) + ref_word(id), false);
}

static void write_checksum(const ref_outbound *out, const template *from, uint8_t *packet, uint32_t length) {
  uint8_t *transport = packet + from->shape.ip_bytes;
  uint8_t *at = transport + from->shape.checksum_at;
  uint32_t bytes = length - from->shape.ip_bytes;
  uint16_t pseudo = ref_fold(from->pseudo_sum + ref_word(bytes));
  memcpy(at, &pseudo, sizeof pseudo);
  if (out->full_checksum) ref_put_checksum(at, ref_sum(transport, bytes, 0), from->shape.protocol == REF_UDP);
}

/* Headers of segment `index`, of `length` bytes with them. */
static void write_headers(const template *from, uint8_t *packet, uint32_t index, uint32_t length, bool last) {
  memcpy(packet, from->headers, from->shape.header_bytes);
  write_ip(from, packet, index, length);
  uint8_t *transport = packet + from->shape.ip_bytes;
  if (from->shape.protocol == REF_UDP) {
    put16(transport + 4, length - from->shape.ip_bytes);
    return;
  }
  put32(transport + 4, from->sequence + index * from->payload_bytes);
  if (!last) transport[13] &= (uint8_t)~REF_TCP_FIN_PSH;
  if (index > 0) transport[13] &= (uint8_t)~REF_TCP_CWR;
}

/* The payloads are in place; all segments get the headers of the first one, with what differs. */
static void emit_segments(ref_outbound *out, uint8_t *place, uint32_t length, template *from) {
  uint32_t headers = from->shape.header_bytes, left = length - headers;
  uint32_t stride = layout_of(out, headers, from->payload_bytes).stride;
  read_template(from, place + REF_FRAME_BYTES);
  for (uint32_t index = 0; left > 0; index++) {
    uint32_t payload = left < from->payload_bytes ? left : from->payload_bytes;
    uint8_t *frame = place + (size_t)index * stride;
    left -= payload;
    write_headers(from, frame + REF_FRAME_BYTES, index, headers + payload, left == 0);
    write_checksum(out, from, frame + REF_FRAME_BYTES, headers + payload);
    emit(out, frame, headers + payload, !out->full_checksum);
  }
}

/* Copies a packet from its parts into one piece, or from one piece into its parts. */
static void copy_parts(layout at, uint8_t *place, uint32_t length, uint8_t *piece, bool gather) {
  uint32_t done = 0;
  for (uint8_t *frame = place; done < length; frame += at.stride) {
    uint8_t *part = frame + REF_FRAME_BYTES + (done == 0 ? 0 : at.headers);
    uint32_t bytes = done == 0 ? at.headers + at.payload : at.payload;
    if (at.payload == 0 || bytes > length - done) bytes = length - done;
    memcpy(gather ? piece + done : part, gather ? part : piece + done, bytes);
    done += bytes;
  }
}

/* `length` bytes lie as expected; the kernel wants segments of `payload` bytes. */
static void split(ref_outbound *out, uint8_t *place, uint32_t length, uint32_t payload) {
  template from = {.payload_bytes = payload};
  uint32_t whole = expected.headers + expected.payload;
  if (expected.payload == 0 || whole > length) whole = length;
  if (payload == 0 || !ref_shape_of(place + REF_FRAME_BYTES, whole, &from.shape) ||
      (length - from.shape.header_bytes) / payload >= SEGMENTS_LIMIT) {
    out->dropped++;
    return;
  }
  layout actual = layout_of(out, from.shape.header_bytes, payload);
  if (payload != expected.payload || actual.headers != expected.headers) {
    copy_parts(expected, place, length, linear, true);
    copy_parts(actual, place, length, linear, false);
    expected = payload < PAYLOAD_LEAST ? (layout){0} : actual;
  }
  singles = 0;
  emit_segments(out, place, length, &from);
}

/* Where the parts of the next packet go. Returns how many there are. */
static int lay_out(uint8_t *place, struct virtio_net_hdr *told, struct iovec *parts) {
  uint32_t bytes = expected.payload == 0 ? REF_IP_LIMIT : expected.headers + expected.payload;
  parts[0] = (struct iovec){told, sizeof *told};
  parts[1] = (struct iovec){place + REF_FRAME_BYTES, bytes};
  int count = 2;
  for (uint8_t *frame = place + expected.stride; bytes < REF_IP_LIMIT; frame += expected.stride) {
    parts[count++] = (struct iovec){frame + REF_FRAME_BYTES + expected.headers, expected.payload};
    bytes += expected.payload;
  }
  return count;
}

static void take(ref_outbound *out, uint8_t *place, uint32_t length, const struct virtio_net_hdr *told) {
  if (told->gso_type != VIRTIO_NET_HDR_GSO_NONE) {
    split(out, place, length, told->gso_size);
    return;
  }
  if (expected.payload != 0 && length > expected.headers + expected.payload) {
    copy_parts(expected, place, length, linear, true);
    memcpy(place + REF_FRAME_BYTES, linear, length);
  }
  emit_single(out, place, length, told);
  if (++singles >= SINGLES_LIMIT) expected = (layout){0};
}

unsigned ref_outbound_round(ref_outbound *out) {
  unsigned count = 0;
  for (uint32_t bytes = 0; count < ROUND_PACKETS && bytes < ROUND_BYTES; count++) {
    struct virtio_net_hdr told;
    struct iovec parts[READ_PARTS];
    uint8_t *place = places[count];
    ssize_t length = readv(out->tun.fd, parts, lay_out(place, &told, parts)) - (ssize_t)sizeof told;
    if (length <= 0) break;
    take(out, place, (uint32_t)length, &told);
    bytes += (uint32_t)length;
  }
  for (unsigned path = 0; path < out->paths; path++) ref_outbox_flush(&out->boxes[path]);
  return count;
}
