/*
 * Receiving: the next frames are expected to be as long as the last ones, so that mostly each lands where it belongs:
 *
 *   stream    | rest of a frame | length | frame | length | frame | ...  | what is left |
 *   goes to   | image           |        | slot  |        | slot  | ...  | image        |
 *                                          row first+1      first+2        at the same distance from its start
 *
 * The image is the stream from the first byte that is in no row yet. Where a length turns out to be another one, the
 * image is completed from there on, and frames are copied out of it. Nothing is lost for want of rows: what has none
 * waits in the image.
 */
#include <errno.h>

#include "tcp.h"

/* A read that is scattered behind what the image holds already. */
typedef struct {
  uint32_t base;  /* bytes in the image before it */
  uint32_t front; /* bytes that go to the image at first: the rest of a frame */
  uint32_t row;   /* the first row that is scattered to */
  uint32_t rows;
  uint32_t frame; /* bytes in each of them */
  uint32_t length; /* bytes that came */
} arrival;

static uint32_t room_of(mp_tcp *tcp, uint32_t row) { return (uint32_t)*mp_cell(&tcp->base.rows, MP_LENGTH, row); }

static uint8_t *slot_of(mp_tcp *tcp, uint32_t row) { return mp_packet(&tcp->base, &tcp->base.rows, row); }

static uint32_t read_length(const uint8_t bytes[MP_LENGTH_BYTES]) { return (uint32_t)bytes[0] << 8 | bytes[1]; }

/* Bytes of the first frame of the image, length included; 0 when its length is not there yet. */
static uint32_t first_of(const mp_tcp *tcp) {
  if (tcp->end - tcp->at < MP_LENGTH_BYTES) return 0;
  return MP_LENGTH_BYTES + read_length(tcp->image + tcp->at);
}

static bool complete(const mp_tcp *tcp) {
  uint32_t bytes = first_of(tcp);
  return bytes > 0 && tcp->end - tcp->at >= bytes;
}

/* Makes what is in `row` the packet in row *kept. The slot that was there comes to `row`. */
static void keep(mp_tcp *tcp, uint32_t *kept, uint32_t row, uint32_t length) {
  const mp_batch *rows = &tcp->base.rows;
  if (*kept != row) mp_swap_slots(rows, *kept, row);
  *mp_cell(rows, MP_LENGTH, *kept) = (int32_t)length;
  tcp->base.counters[MP_RX_BYTES] += length;
  ++*kept;
}

static bool possible(const mp_tcp *tcp, uint32_t length) { return length > 0 && length <= tcp->max_frame; }

/* Copies complete frames out of the image while there are rows. False when a length cannot be. */
static bool cut(mp_tcp *tcp, uint32_t *kept, uint32_t rows) {
  for (; first_of(tcp) > 0; tcp->at += first_of(tcp)) {
    uint32_t length = first_of(tcp) - MP_LENGTH_BYTES;
    if (!possible(tcp, length)) return false;
    if (!complete(tcp) || *kept == rows) return true;
    if (length > room_of(tcp, *kept) || slot_of(tcp, *kept) == NULL) {
      mp_count(&tcp->base, MP_DROP_TOO_BIG);
      continue;
    }
    memcpy(slot_of(tcp, *kept), tcp->image + tcp->at + MP_LENGTH_BYTES, length);
    keep(tcp, kept, *kept, length);
    mp_count(&tcp->base, MP_RX_MOVED);
  }
  return true;
}

/* Has the image begin with what is left of it. */
static void move_to_front(mp_tcp *tcp) {
  tcp->end -= tcp->at;
  memmove(tcp->image, tcp->image + tcp->at, tcp->end);
  tcp->at = 0;
}

/* Bytes that are missing of the first frame of the image; of a length of which half is there, the rest is guessed. */
static uint32_t missing(const mp_tcp *tcp) {
  if (tcp->end == 0) return 0;
  uint32_t bytes = first_of(tcp);
  return bytes > 0 ? bytes - tcp->end : MP_LENGTH_BYTES - tcp->end + tcp->expected;
}

/* Whether a frame as expected may land in `row`. */
static bool takes(mp_tcp *tcp, uint32_t row) {
  return tcp->expected > 0 && room_of(tcp, row) >= tcp->expected && slot_of(tcp, row) != NULL;
}

/* Scatters a read over the rows first..rows-1. Returns how many parts it has. */
static int scatter(mp_tcp *tcp, uint32_t first, uint32_t rows, arrival *into) {
  struct iovec *parts = tcp->parts;
  uint32_t front = missing(tcp), frame = tcp->expected, position = front, count = 0;
  if (front > 0) parts[count++] = (struct iovec){tcp->image + tcp->end, front};
  uint32_t row = first + (front > 0);
  *into = (arrival){.base = tcp->end, .front = front, .row = row, .frame = frame};
  for (; row < rows && into->rows < tcp->vectors && takes(tcp, row); row++, into->rows++) {
    if (position + MP_LENGTH_BYTES + frame > MP_READ_BYTES) break;
    parts[count++] = (struct iovec){tcp->lengths[into->rows], MP_LENGTH_BYTES};
    parts[count++] = (struct iovec){slot_of(tcp, row), frame};
    position += MP_LENGTH_BYTES + frame;
  }
  if (position < MP_READ_BYTES) {
    parts[count++] = (struct iovec){tcp->image + tcp->end + position, MP_READ_BYTES - position};
  }
  return (int)count;
}

/* How many of the rows scattered to hold a whole frame, each of the length expected. */
static uint32_t as_expected(const mp_tcp *tcp, const arrival *read) {
  uint32_t rows = 0, bytes = MP_LENGTH_BYTES + read->frame, left = read->length - read->front;
  while (rows < read->rows && left >= bytes && read_length(tcp->lengths[rows]) == read->frame) {
    rows++;
    left -= bytes;
  }
  return rows;
}

/* Completes the image with what lies in the rows from the `from`th on. */
static void gather(mp_tcp *tcp, const arrival *read, uint32_t from) {
  uint32_t bytes = MP_LENGTH_BYTES + read->frame, position = read->front + from * bytes;
  for (; from < read->rows && position < read->length; from++, position += bytes) {
    uint8_t *into = tcp->image + read->base + position;
    uint32_t left = read->length - position;
    memcpy(into, tcp->lengths[from], left < MP_LENGTH_BYTES ? left : MP_LENGTH_BYTES);
    if (left <= MP_LENGTH_BYTES) return;
    left -= MP_LENGTH_BYTES;
    memcpy(into + MP_LENGTH_BYTES, slot_of(tcp, read->row + from), left < read->frame ? left : read->frame);
  }
}

/* Makes packets of what came. False when a length cannot be. */
static bool place(mp_tcp *tcp, const arrival *read, uint32_t *kept, uint32_t rows) {
  tcp->end = read->base + read->length;
  bool front_fits = read->length > read->front && (read->front == 0 || first_of(tcp) == read->base + read->front);
  uint32_t whole = front_fits ? as_expected(tcp, read) : 0;
  gather(tcp, read, whole);
  if (whole > 0) {
    uint32_t end = tcp->end;
    tcp->end = read->base + read->front;
    if (!cut(tcp, kept, rows)) return false;
    for (uint32_t i = 0; i < whole; i++) keep(tcp, kept, read->row + i, read->frame);
    tcp->at = read->base + read->front + whole * (MP_LENGTH_BYTES + read->frame);
    tcp->end = end;
  }
  return cut(tcp, kept, rows);
}

/* Expects frames as long as the longest of these. */
static void learn(mp_tcp *tcp, uint32_t kept) {
  if (kept == 0) return;
  tcp->expected = 0;
  for (uint32_t row = 0; row < kept; row++) {
    uint32_t length = room_of(tcp, row);
    if (length > tcp->expected) tcp->expected = length;
  }
}

/* Reads once. Returns 0, or -errno when the connection is at its end. */
static int32_t fetch(mp_tcp *tcp, uint32_t *kept, uint32_t rows) {
  arrival read;
  move_to_front(tcp);
  int count = scatter(tcp, *kept, rows, &read);
  ssize_t length = readv(tcp->base.fd, tcp->parts, count);
  if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return 0;
  if (length < 0) return -errno;
  if (length == 0) return -(tcp->failure != 0 ? tcp->failure : MP_END_OF_STREAM);
  mp_count(&tcp->base, MP_RX_MESSAGES);
  read.length = (uint32_t)length;
  if (read.length == MP_READ_BYTES) tcp->base.state[MP_STATE_MORE] = MP_MORE_IN_KERNEL;
  return place(tcp, &read, kept, rows) ? 0 : -EPROTO;
}

/* What a call gives back that has no packets: with a failure this is the last one. */
static int32_t end_of(mp_tcp *tcp, int32_t failure) {
  if (failure == -EPROTO)
    mp_count(&tcp->base, MP_DROP_MALFORMED);
  else if (failure < 0 && tcp->end > tcp->at)
    mp_count(&tcp->base, MP_DROP_CUT_OFF);
  return failure;
}

int32_t mp_tcp_receive(mp_endpoint *endpoint, uint32_t rows) {
  mp_tcp *tcp = (mp_tcp *)endpoint;
  uint32_t kept = 0;
  endpoint->state[MP_STATE_MORE] = MP_MORE_NONE;
  int32_t failure = cut(tcp, &kept, rows) ? 0 : -EPROTO;
  if (failure == 0 && kept < rows && !complete(tcp)) failure = fetch(tcp, &kept, rows);
  learn(tcp, kept);
  mp_clear_columns(&endpoint->rows, MP_PEER, MP_COLUMNS, kept);
  endpoint->counters[MP_RX_PACKETS] += kept;
  if (failure < 0) tcp->failure = -failure;
  if (failure < 0 || complete(tcp)) endpoint->state[MP_STATE_MORE] = MP_MORE_HELD;
  /* Packets first: the failure is still there at the next call. */
  return kept > 0 ? (int32_t)kept : end_of(tcp, failure);
}

/* Without a slot frames are skipped, and the stream stays in step. */
int32_t mp_tcp_discard(mp_endpoint *endpoint) {
  mp_tcp *tcp = (mp_tcp *)endpoint;
  uint32_t none = 0;
  endpoint->state[MP_STATE_MORE] = MP_MORE_NONE;
  int32_t failure = complete(tcp) ? 0 : fetch(tcp, &none, 0);
  for (; failure == 0 && complete(tcp); tcp->at += first_of(tcp)) {
    if (!possible(tcp, first_of(tcp) - MP_LENGTH_BYTES)) return end_of(tcp, -EPROTO);
    mp_count(endpoint, MP_DROP_POOL_EMPTY);
  }
  return end_of(tcp, failure);
}
