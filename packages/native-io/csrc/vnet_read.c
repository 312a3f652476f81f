#include <errno.h>
#include <sys/uio.h>

#include "checksum.h"
#include "segment.h"

/*
 * One read scatters a packet over this: the header, then the rows, each from where the guess puts its part of a
 * super-packet, then the linear buffer for what they do not hold.
 */
typedef struct {
  struct iovec parts[MP_VNET_PARTS];
  int count;
} mp_scatter;

static size_t room_of(const mp_batch *batch, uint32_t row) { return (size_t)*mp_cell(batch, MP_LENGTH, row); }

/* Looked at one by one as they are needed: a call that brings one packet should not go through all of them. */
static bool is_row(const mp_endpoint *endpoint, uint32_t row, uint32_t rows) {
  return row < rows && mp_packet(endpoint, &endpoint->rows, row) != NULL;
}

static void add_part(mp_scatter *scatter, void *bytes, size_t length) {
  scatter->parts[scatter->count++] = (struct iovec){bytes, length};
}

/* The first row takes headers and one payload, which is also a whole packet of the usual size; the others a payload. */
static void aim(mp_scatter *scatter, mp_endpoint *endpoint, mp_vnet *vnet, uint32_t row, uint32_t rows) {
  const mp_batch *batch = &endpoint->rows;
  size_t headers = vnet->guess_header, payload = vnet->guess_segment;
  scatter->count = 0;
  add_part(scatter, &vnet->cut.header, MP_VNET_HEADER);
  if (payload == 0 || headers + payload > room_of(batch, row)) {
    add_part(scatter, mp_packet(endpoint, batch, row), room_of(batch, row));
  } else {
    add_part(scatter, mp_packet(endpoint, batch, row), headers + payload);
    for (size_t aimed = headers + payload; ++row < rows && aimed < MP_SUPER_BYTES; aimed += payload) {
      uint8_t *packet = mp_packet(endpoint, batch, row);
      if (packet == NULL || scatter->count == MP_VNET_PARTS - 1 || headers + payload > room_of(batch, row)) break;
      add_part(scatter, packet + headers, payload);
      /* Its headers are stamped after the read: while frames are kept for repairs, slots are in no cache by now. */
      __builtin_prefetch(packet, 1);
    }
  }
  add_part(scatter, vnet->linear, MP_SUPER_BYTES);
}

/* Brings the `length` bytes of a packet together at `into`, which may be where its first part lies. */
static void gather(const mp_scatter *scatter, uint8_t *into, size_t length) {
  size_t done = 0;
  for (int part = 1; done < length; part++) {
    size_t bytes = scatter->parts[part].iov_len;
    if (bytes > length - done) bytes = length - done;
    memmove(into + done, scatter->parts[part].iov_base, bytes);
    done += bytes;
  }
}

/* As gather, but to the linear buffer, of which the end may hold a part: that one has to be moved first. */
static void gather_linear(const mp_scatter *scatter, uint8_t *linear, size_t length) {
  size_t before = 0;
  for (int part = 1; part < scatter->count - 1; part++) before += scatter->parts[part].iov_len;
  if (length > before) memmove(linear + before, linear, length - before);
  gather(scatter, linear, length < before ? length : before);
}

/* Ends row `row` as a packet. */
static void keep(mp_endpoint *endpoint, uint32_t row, size_t length, bool partial) {
  for (int column = MP_PEER; column < MP_FLAGS; column++) *mp_cell(&endpoint->rows, column, row) = 0;
  *mp_cell(&endpoint->rows, MP_LENGTH, row) = (int32_t)length;
  *mp_cell(&endpoint->rows, MP_FLAGS, row) = partial ? MP_FLAG_PARTIAL : 0;
  endpoint->counters[MP_RX_BYTES] += (double)length;
  mp_count(endpoint, MP_RX_PACKETS);
}

/* Whether a packet's checksum is begun where those who finish it look for it. */
static bool is_plain(const mp_vnet_header *header, const uint8_t *packet, size_t length) {
  mp_inner inner;
  return mp_inner_read(packet, length, &inner) && inner.ip_bytes == header->checksum_start &&
         inner.ip_bytes + header->checksum_offset == inner.checksum_at;
}

/* A packet that stands for itself. Returns whether it was kept. */
static bool take_single(mp_endpoint *endpoint, mp_vnet *vnet, const mp_scatter *scatter, uint32_t row, size_t length) {
  const mp_vnet_header *header = &vnet->cut.header;
  uint8_t *packet = mp_packet(endpoint, &endpoint->rows, row);
  if (length > room_of(&endpoint->rows, row)) {
    mp_count(endpoint, MP_DROP_TOO_BIG);
    return false;
  }
  if (length > scatter->parts[1].iov_len) gather(scatter, packet, length);
  bool begun = (header->flags & MP_VNET_NEEDS_CHECKSUM) != 0;
  size_t at = (size_t)header->checksum_start + header->checksum_offset;
  if (begun && (header->checksum_start >= length || at + 2 > length)) {
    mp_count(endpoint, MP_DROP_MALFORMED);
    return false;
  }
  bool partial = begun && vnet->takes_partial && is_plain(header, packet, length);
  if (begun && !partial) mp_checksum_complete(packet, length, header->checksum_start, at);
  keep(endpoint, row, length, partial);
  return true;
}

static bool cuts_partial(const mp_vnet *vnet) { return vnet->takes_partial && !vnet->cut.extended; }

/* Cuts on from the linear buffer. Returns the first row that is free. */
static uint32_t cut_linear(mp_endpoint *endpoint, mp_vnet *vnet, uint32_t row, uint32_t rows) {
  mp_super *super = &vnet->cut;
  for (uint32_t payload; is_row(endpoint, row, rows) && (payload = mp_super_next(super)) > 0;) {
    size_t length = super->inner.header_bytes + payload;
    if (length > room_of(&endpoint->rows, row)) {
      super->next += payload;
      mp_count(endpoint, MP_DROP_TOO_BIG);
      continue;
    }
    uint8_t *packet = mp_packet(endpoint, &endpoint->rows, row);
    memcpy(packet + super->inner.header_bytes, vnet->linear + super->next, payload);
    mp_super_stamp(super, packet, cuts_partial(vnet));
    keep(endpoint, row++, length, cuts_partial(vnet));
  }
  return row;
}

/* All segments lie where they belong: only headers are missing. */
static uint32_t stamp_rows(mp_endpoint *endpoint, mp_vnet *vnet, uint32_t row) {
  mp_super *super = &vnet->cut;
  for (uint32_t payload; (payload = mp_super_next(super)) > 0; row++) {
    mp_super_stamp(super, mp_packet(endpoint, &endpoint->rows, row), cuts_partial(vnet));
    keep(endpoint, row, super->inner.header_bytes + payload, cuts_partial(vnet));
  }
  return row;
}

static uint32_t take_super(mp_endpoint *endpoint, mp_vnet *vnet, const mp_scatter *scatter, uint32_t row,
                           uint32_t rows, size_t length) {
  mp_super *super = &vnet->cut;
  const struct iovec *first = &scatter->parts[1];
  size_t whole = length < first->iov_len ? length : first->iov_len, aimed = 0;
  for (int part = 1; part < scatter->count - 1; part++) aimed += scatter->parts[part].iov_len;
  bool known = mp_super_begin(super, first->iov_base, whole, length);
  bool hit = known && length <= aimed && super->header.segment_bytes == vnet->guess_segment &&
             super->inner.header_bytes == vnet->guess_header;
  if (hit) return stamp_rows(endpoint, vnet, row);
  gather_linear(scatter, vnet->linear, length);
  if (!known && !mp_super_begin(super, vnet->linear, length, length)) {
    /* A kernel that does not keep to what was agreed is asked for single packets from now on. */
    mp_count(endpoint, MP_DROP_MALFORMED);
    vnet->offloads &= ~(uint32_t)(MP_OFFLOAD_TSO | MP_OFFLOAD_USO);
    endpoint->state[MP_STATE_OFFLOADS] = (int32_t)vnet->offloads;
    return row;
  }
  vnet->guess_header = super->inner.header_bytes;
  vnet->guess_segment = super->header.segment_bytes;
  return cut_linear(endpoint, vnet, row, rows);
}

/* Reads one packet or super-packet into the rows from `row` on. Returns the first row that is free, or -1. */
static int32_t read_one(mp_endpoint *endpoint, mp_vnet *vnet, uint32_t row, uint32_t rows) {
  mp_scatter scatter;
  /* After a packet that stood for itself and silence the next one is expected to do so, too. If not, it is copied. */
  bool lone = endpoint->rested && vnet->cut.header.gso_type == MP_GSO_NONE;
  aim(&scatter, endpoint, vnet, row, lone ? row + 1 : rows);
  ssize_t bytes = readv(endpoint->fd, scatter.parts, scatter.count);
  if (bytes < MP_VNET_HEADER) return -1;
  size_t length = (size_t)bytes - MP_VNET_HEADER;
  if (length > MP_SUPER_BYTES) {
    mp_count(endpoint, MP_DROP_TOO_BIG);
    return (int32_t)row;
  }
  if (vnet->cut.header.gso_type != MP_GSO_NONE)
    return (int32_t)take_super(endpoint, vnet, &scatter, row, rows, length);
  vnet->cut.length = vnet->cut.next = 0;
  return (int32_t)row + take_single(endpoint, vnet, &scatter, row, length);
}

int32_t mp_vnet_receive(mp_endpoint *endpoint, mp_vnet *vnet, uint32_t rows) {
  /* First what is left of a super-packet that found too few rows. */
  uint32_t kept = cut_linear(endpoint, vnet, 0, rows);
  endpoint->state[MP_STATE_MORE] = MP_MORE_IN_KERNEL;
  /* With few rows left the next super-packet is better read by the next call, which has all of them. */
  while (is_row(endpoint, kept, rows) && (kept == 0 || rows - kept >= MP_SUPER_ROWS || rows < 2 * MP_SUPER_ROWS)) {
    int32_t next = read_one(endpoint, vnet, kept, rows);
    if (next < 0) {
      endpoint->state[MP_STATE_MORE] = MP_MORE_NONE;
      return kept > 0 ? (int32_t)kept : -1;
    }
    kept = (uint32_t)next;
    /* Whether another one follows a packet that came out of silence the event loop finds out for nothing. */
    if (endpoint->rested && kept == 1 && mp_super_next(&vnet->cut) == 0) {
      endpoint->state[MP_STATE_MORE] = MP_MORE_NONE;
      break;
    }
  }
  if (mp_super_next(&vnet->cut) > 0) endpoint->state[MP_STATE_MORE] = MP_MORE_HELD;
  return (int32_t)kept;
}
