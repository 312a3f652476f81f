#include "merge.h"

#include <string.h>
#include <sys/uio.h>

#include "checksum.h"

enum { RUNS = 8, RUN_PACKETS = 128 };

/* Packets of one flow, in order and without a gap. The headers of the first one become those of all. */
typedef struct {
  ref_shape shape;
  uint8_t *packet;
  uint32_t payload_bytes; /* of each packet but the last */
  uint32_t total_bytes;   /* of all payloads */
  uint32_t next;          /* TCP sequence number that continues the run */
  unsigned packets;
  bool closed;
  struct iovec parts[1 + RUN_PACKETS];
} run;

static run runs[RUNS];
static unsigned used; /* runs[0..used-1], oldest first */

/* A checksum left to the kernel: it adds up from the transport header on, beginning with what stands in the field. */
static struct virtio_net_hdr partial_header(const ref_shape *shape) {
  return (struct virtio_net_hdr){
      .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
      .hdr_len = (uint16_t)shape->header_bytes,
      .csum_start = (uint16_t)shape->ip_bytes,
      .csum_offset = (uint16_t)shape->checksum_at,
  };
}

static void write_single(const ref_tun *tun, uint8_t *packet, size_t length, struct virtio_net_hdr header) {
  struct iovec parts[] = {{&header, sizeof header}, {packet, length}};
  /* What the device does not take is lost, as on any line. */
  (void)!writev(tun->fd, parts, 2);
}

static void finish_headers(const run *whole) {
  const ref_shape *shape = &whole->shape;
  uint8_t *packet = whole->packet, *transport = packet + shape->ip_bytes;
  uint32_t length = shape->header_bytes + whole->total_bytes, bytes = length - shape->ip_bytes;
  put16(packet + (shape->v4 ? 2 : 4), shape->v4 ? length : bytes);
  if (shape->v4) ref_checksum_ip(packet, shape->ip_bytes);
  if (shape->protocol == REF_UDP) put16(transport + 4, bytes);
  uint16_t pseudo = ref_fold(ref_pseudo(packet, shape) + ref_word(bytes));
  memcpy(transport + shape->checksum_at, &pseudo, sizeof pseudo);
}

static void write_run(const ref_tun *tun, run *whole) {
  struct virtio_net_hdr header = partial_header(&whole->shape);
  finish_headers(whole);
  if (whole->packets > 1) {
    header.gso_size = (uint16_t)whole->payload_bytes;
    header.gso_type = whole->shape.protocol == REF_UDP ? VIRTIO_NET_HDR_GSO_UDP_L4
                      : whole->shape.v4                ? VIRTIO_NET_HDR_GSO_TCPV4
                                                       : VIRTIO_NET_HDR_GSO_TCPV6;
  }
  whole->parts[0] = (struct iovec){&header, sizeof header};
  (void)!writev(tun->fd, whole->parts, 1 + (int)whole->packets);
}

static void end_run(const ref_tun *tun, unsigned index) {
  write_run(tun, &runs[index]);
  used--;
  memmove(&runs[index], &runs[index + 1], (used - index) * sizeof runs[0]);
}

/* Only plain data is joined: whole packets without IP options, of TCP with no flags but ACK and PSH. */
static bool is_plain(const ref_tun *tun, const uint8_t *packet, size_t length, const ref_shape *shape) {
  uint32_t claimed = shape->v4 ? get16(packet + 2) : get16(packet + 4) + 40u;
  if (claimed != length || length == shape->header_bytes || (shape->v4 && shape->ip_bytes != 20)) return false;
  const uint8_t *transport = packet + shape->ip_bytes;
  if (shape->protocol == REF_TCP) return (transport[13] & ~REF_TCP_PSH) == REF_TCP_ACK;
  return tun->uso && get16(transport + 4) + shape->ip_bytes == length;
}

static bool same_flow(const run *whole, const uint8_t *packet, const ref_shape *shape) {
  const ref_shape *own = &whole->shape;
  if (own->protocol != shape->protocol || own->v4 != shape->v4 || own->ip_bytes != shape->ip_bytes) return false;
  uint32_t at = shape->v4 ? 12 : 8; /* addresses, and right behind them the ports */
  return memcmp(whole->packet + at, packet + at, shape->ip_bytes + 4 - at) == 0;
}

static bool same_ip_fields(const uint8_t *a, const uint8_t *b, bool v4) {
  if (v4) return a[1] == b[1] && a[8] == b[8] && a[6] == b[6];
  return get32(a) == get32(b) && a[7] == b[7];
}

/* Whether a plain packet of the same flow continues the run. */
static bool continues(const run *whole, const uint8_t *packet, size_t length, const ref_shape *shape) {
  uint32_t payload = (uint32_t)length - shape->header_bytes;
  unsigned limit = shape->protocol == REF_TCP ? RUN_PACKETS : REF_SEGMENTS;
  if (whole->closed || payload > whole->payload_bytes || whole->packets == limit) return false;
  if (shape->header_bytes != whole->shape.header_bytes || whole->total_bytes + length > REF_IP_LIMIT) return false;
  if (!same_ip_fields(whole->packet, packet, shape->v4)) return false;
  if (shape->protocol == REF_UDP) return true;
  const uint8_t *first = whole->packet + shape->ip_bytes, *transport = packet + shape->ip_bytes;
  uint32_t options = shape->header_bytes - shape->ip_bytes - 20;
  /* Acknowledgement, window and options; the urgent pointer means nothing without its flag. */
  return get32(transport + 4) == whole->next && memcmp(first + 8, transport + 8, 4) == 0 &&
         memcmp(first + 14, transport + 14, 2) == 0 && memcmp(first + 20, transport + 20, options) == 0;
}

static void append(run *whole, uint8_t *packet, size_t length) {
  const ref_shape *shape = &whole->shape;
  uint32_t payload = (uint32_t)length - shape->header_bytes;
  whole->parts[1 + whole->packets++] = (struct iovec){packet + shape->header_bytes, payload};
  whole->total_bytes += payload;
  whole->next += payload;
  uint8_t push = shape->protocol == REF_TCP ? packet[shape->ip_bytes + 13] & REF_TCP_PSH : 0;
  whole->packet[shape->ip_bytes + 13] |= push;
  whole->closed = payload < whole->payload_bytes || push != 0;
}

static void begin_run(const ref_tun *tun, uint8_t *packet, size_t length, const ref_shape *shape) {
  if (used == RUNS) end_run(tun, 0);
  run *whole = &runs[used++];
  uint32_t payload = (uint32_t)length - shape->header_bytes;
  whole->shape = *shape;
  whole->packet = packet;
  whole->payload_bytes = whole->total_bytes = payload;
  whole->packets = 1;
  whole->parts[1] = (struct iovec){packet, length};
  bool tcp = shape->protocol == REF_TCP;
  whole->next = tcp ? get32(packet + shape->ip_bytes + 4) + payload : 0;
  whole->closed = tcp && (packet[shape->ip_bytes + 13] & REF_TCP_PSH) != 0;
}

void ref_merge(const ref_tun *tun, uint8_t *packet, size_t length, bool partial) {
  ref_shape shape;
  if (!ref_shape_of(packet, length, &shape)) {
    write_single(tun, packet, length, (struct virtio_net_hdr){0});
    return;
  }
  /* Joining gives a new checksum, so nothing is joined whose own is wrong. */
  bool plain = is_plain(tun, packet, length, &shape) && (partial || ref_verify(packet, length, &shape));
  for (unsigned index = used; index-- > 0;) {
    if (!same_flow(&runs[index], packet, &shape)) continue;
    if (plain && continues(&runs[index], packet, length, &shape)) {
      append(&runs[index], packet, length);
      return;
    }
    end_run(tun, index);
    break;
  }
  if (plain) begin_run(tun, packet, length, &shape);
  else write_single(tun, packet, length, partial ? partial_header(&shape) : (struct virtio_net_hdr){0});
}

void ref_merge_flush(const ref_tun *tun) {
  for (unsigned index = 0; index < used; index++) write_run(tun, &runs[index]);
  used = 0;
}
