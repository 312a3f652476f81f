/*
 * Receiving: with GRO a message may hold many datagrams. It is scattered over rows as the last ones suggest, so that
 * mostly each datagram is where it belongs already:
 *
 *   message   | datagram | datagram | datagram | ...        | what is left |
 *   goes to   | slot     | slot     | slot     | ...        | scratch      |
 *               row first  first + 1  first + 2                at the same distance from its start as in the message
 *
 * What comes otherwise is copied together in the scratch and cut from there. Nothing is lost for want of rows either:
 * then the rest waits in the scratch, and what came behind it, too, so that the order stays.
 */
#include <errno.h>

#include "udp.h"

/* For so many calls a run is expected to come again; with some luck for twice as many. */
enum { CALLS_REMEMBERED = 16 };

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

static uint8_t *scratch_of(mp_udp *udp, uint32_t index) { return udp->scratch + (size_t)index * MP_MESSAGE_BYTES; }

static uint32_t room_of(mp_udp *udp, uint32_t row) { return (uint32_t)*mp_cell(&udp->base.rows, MP_LENGTH, row); }

static uint8_t *slot_of(mp_udp *udp, uint32_t row) { return mp_packet(&udp->base, &udp->base.rows, row); }

static uint32_t datagrams_of(const mp_arrival *arrival) {
  uint32_t left = arrival->length - arrival->done;
  return arrival->segment == 0 || left <= arrival->segment ? 1 : (left - 1) / arrival->segment + 1;
}

/* Bytes of a message that go into each of these rows; 0 when one of them is outside of the arena. */
static uint32_t bytes_per_row(mp_udp *udp, uint32_t first, uint32_t rows) {
  uint32_t bytes = rows == 1 ? UINT32_MAX : udp->segment;
  for (uint32_t row = first; row < first + rows; row++) {
    if (slot_of(udp, row) == NULL) return 0;
    bytes = least(bytes, room_of(udp, row));
  }
  return bytes;
}

/* Makes message `index`, which goes to `rows` rows. Returns how many parts it has, 0 when a row does not do. */
static uint32_t scatter(mp_udp *udp, uint32_t index, uint32_t first, uint32_t rows, struct iovec *parts) {
  uint32_t bytes = bytes_per_row(udp, first, rows), count = 0;
  if (bytes == 0) return 0;
  for (; count < rows; count++) parts[count] = (struct iovec){slot_of(udp, first + count), bytes};
  size_t scattered = (size_t)rows * bytes;
  if (udp->scratch != NULL && scattered < MP_MESSAGE_BYTES) {
    parts[count++] = (struct iovec){scratch_of(udp, index) + scattered, MP_MESSAGE_BYTES - scattered};
  }
  udp->arrivals[index] = (mp_arrival){.first = first, .rows = rows, .row_bytes = bytes};
  bool controlled = udp->told || udp->ecn || udp->scratch != NULL;
  udp->messages[index].msg_hdr = (struct msghdr){
      .msg_name = &udp->ends[index].remote,
      .msg_namelen = sizeof udp->ends[index].remote,
      .msg_iov = parts,
      .msg_iovlen = count,
      .msg_control = controlled ? &udp->controls[index] : NULL,
      .msg_controllen = controlled ? sizeof udp->controls[index] : 0,
  };
  return count;
}

/* Makes up to `most` messages of the rows from..to-1. Returns how many. */
static uint32_t prepare(mp_udp *udp, uint32_t from, uint32_t to, uint32_t most) {
  uint32_t run = least(udp->run, to - from);
  /* With a few rows left over, it is better to have them delivered first than to hold what they have no room for. */
  if (run < udp->run && from > 0) return 0;
  struct iovec *parts = udp->parts;
  uint32_t count = 0;
  if (udp->scratch != NULL) most = least(most, MP_JOINED_MESSAGES);
  for (; count < most && run > 0 && to - from >= run; from += run) {
    uint32_t used = scatter(udp, count, from, run, parts);
    if (used == 0) break;
    parts += used;
    count++;
  }
  return count;
}

/* Reads what the kernel says about message `index`. */
static void read_arrival(mp_udp *udp, uint32_t index) {
  struct msghdr *message = &udp->messages[index].msg_hdr;
  mp_arrival *arrival = &udp->arrivals[index];
  arrival->length = message->msg_flags & MSG_TRUNC ? UINT32_MAX : udp->messages[index].msg_len;
  uint32_t segment = udp->scratch == NULL ? 0 : mp_segment_read(message);
  arrival->segment = segment == 0 || arrival->length == UINT32_MAX ? arrival->length : segment;
  if (udp->told) mp_pktinfo_read(message, &udp->ends[index].local);
  arrival->ecn = udp->ecn ? mp_ecn_read(message) : 0;
}

/* Expects runs as long as the longest of the last calls, and datagrams as large as those of the last run. */
static void learn(mp_udp *udp, uint32_t received) {
  for (uint32_t index = 0; index < received; index++) {
    uint32_t datagrams = datagrams_of(&udp->arrivals[index]);
    if (datagrams > 1) udp->segment = udp->arrivals[index].segment;
    if (datagrams > udp->longest) udp->longest = least(datagrams, MP_RUN_SEGMENTS);
  }
  if (udp->longest > udp->run) udp->run = udp->longest;
  if (++udp->calls % CALLS_REMEMBERED != 0) return;
  udp->run = udp->longest;
  udp->longest = 1;
}

/* Finds the number of a message's sender. False, and counted, when all of its datagrams are dropped. */
static bool find_sender(mp_udp *udp, uint32_t index) {
  mp_endpoint *base = &udp->base;
  uint32_t guard = (uint32_t)base->state[MP_STATE_GUARD];
  mp_arrival *arrival = &udp->arrivals[index];
  arrival->peer = mp_peers_number(&udp->peers, &udp->ends[index], guard);
  if (arrival->peer < 0) {
    base->counters[MP_DROP_PEERS_FULL] += datagrams_of(arrival);
    return false;
  }
  mp_peers_at(&udp->peers, arrival->peer)->guard = guard;
  return true;
}

/* Makes the datagram of a message in `row` the packet in row *kept, and counts on. The slot that was there comes to `row`. */
static void keep(mp_udp *udp, const mp_arrival *arrival, uint32_t *kept, uint32_t row, uint32_t length) {
  const mp_batch *rows = &udp->base.rows;
  if (*kept != row) mp_swap_slots(rows, *kept, row);
  *mp_cell(rows, MP_LENGTH, *kept) = (int32_t)length;
  *mp_cell(rows, MP_PEER, *kept) = arrival->peer;
  *mp_cell(rows, MP_FLAGS, *kept) = arrival->ecn << MP_ECN_SHIFT;
  udp->base.counters[MP_RX_BYTES] += length;
  ++*kept;
}

/* Copies what lies in rows, from the row `piece` of the message on, behind `start`, where the message is to begin. */
static void gather(mp_udp *udp, const mp_arrival *arrival, uint32_t piece, uint8_t *start) {
  uint32_t bytes = arrival->row_bytes, length = least(arrival->length, MP_MESSAGE_BYTES);
  for (; piece < arrival->rows && piece * bytes < length; piece++) {
    memcpy(start + piece * bytes, slot_of(udp, arrival->first + piece), least(bytes, length - piece * bytes));
  }
}

/* Keeps a single datagram, which may lie in several pieces, if the first row has room for it. */
static void keep_single(mp_udp *udp, uint32_t index, uint32_t *kept) {
  mp_arrival *arrival = &udp->arrivals[index];
  uint32_t length = arrival->length, scattered = arrival->rows * arrival->row_bytes;
  if (length > room_of(udp, arrival->first)) {
    mp_count(&udp->base, MP_DROP_TOO_BIG);
    return;
  }
  if (length > arrival->row_bytes) {
    uint8_t *slot = slot_of(udp, arrival->first);
    gather(udp, arrival, 1, slot);
    if (length > scattered) memcpy(slot + scattered, scratch_of(udp, index) + scattered, length - scattered);
    mp_count(&udp->base, MP_RX_MOVED);
  }
  keep(udp, arrival, kept, arrival->first, length);
}

/* Cuts a message that is complete in the scratch. False when some of it is left for want of rows below `limit`. */
static bool cut(mp_udp *udp, uint32_t index, uint32_t *kept, uint32_t limit) {
  mp_arrival *arrival = &udp->arrivals[index];
  if (!find_sender(udp, index)) return true;
  do {
    if (*kept == limit) return false;
    uint32_t length = least(arrival->segment, arrival->length - arrival->done);
    if (length > room_of(udp, *kept)) {
      mp_count(&udp->base, MP_DROP_TOO_BIG);
    } else {
      memcpy(slot_of(udp, *kept), scratch_of(udp, index) + arrival->done, length);
      keep(udp, arrival, kept, *kept, length);
      mp_count(&udp->base, MP_RX_MOVED);
    }
    arrival->done += length;
  } while (arrival->done < arrival->length);
  return true;
}

/* Keeps what lies in rows, a datagram in each. */
static void keep_rows(mp_udp *udp, uint32_t index, uint32_t *kept) {
  mp_arrival *arrival = &udp->arrivals[index];
  for (uint32_t i = 0; i < arrival->rows && arrival->done < arrival->length; i++) {
    uint32_t length = least(arrival->segment, arrival->length - arrival->done);
    keep(udp, arrival, kept, arrival->first + i, length);
    arrival->done += length;
  }
}

/* Keeps the datagrams of a message. False when some are left in the scratch for want of rows below `limit`. */
static bool place(mp_udp *udp, uint32_t index, uint32_t *kept, uint32_t limit) {
  mp_arrival *arrival = &udp->arrivals[index];
  bool single = datagrams_of(arrival) == 1;
  if (single || arrival->segment == arrival->row_bytes) {
    if (!find_sender(udp, index)) return true;
    if (single) {
      keep_single(udp, index, kept);
      return true;
    }
    keep_rows(udp, index, kept);
  } else {
    gather(udp, arrival, 0, scratch_of(udp, index));
  }
  return arrival->done == arrival->length || cut(udp, index, kept, limit);
}

/* Keeps what is held, as far as there are rows. */
static void release_held(mp_udp *udp, uint32_t *kept, uint32_t rows) {
  while (udp->held < udp->held_end && cut(udp, udp->held, kept, rows)) udp->held++;
}

/* Turns the messages received into packets from row *kept on; slots that were not needed stay behind them. */
static void collect(mp_udp *udp, uint32_t received, uint32_t *kept, uint32_t rows) {
  for (uint32_t index = 0; index < received; index++) read_arrival(udp, index);
  learn(udp, received);
  udp->base.counters[MP_RX_MESSAGES] += received;
  for (uint32_t index = 0; index < received; index++) {
    /* Rows behind that hold the next message. */
    uint32_t limit = index + 1 < received ? udp->arrivals[index + 1].first : rows;
    if (place(udp, index, kept, limit)) continue;
    for (uint32_t later = index + 1; later < received; later++) {
      gather(udp, &udp->arrivals[later], 0, scratch_of(udp, later));
    }
    udp->held = index;
    udp->held_end = received;
    release_held(udp, kept, rows);
    return;
  }
}

/*
 * An error of receiving is news of an earlier send, and only a connected socket gets any: the error was taken off
 * the socket by reporting it. Nothing that a UDP socket reports is the end of it.
 */
static int32_t on_receive_error(mp_udp *udp, int code) {
  if (code == EBADF || code == ENOTSOCK) return -code;
  if (udp->connected && code != EAGAIN && code != EWOULDBLOCK && code != EINTR) mp_note_event(&udp->base, 0, code);
  return 0;
}

static int32_t more(const mp_udp *udp) { return udp->held < udp->held_end ? MP_MORE_HELD : MP_MORE_NONE; }

/*
 * Messages to ask for next, of at most `most`. What comes out of silence mostly comes alone: to ask for one more shows that,
 * for less than to ask for all.
 */
static uint32_t next_messages(const mp_udp *udp, uint32_t kept, uint32_t most) {
  return udp->base.rested && kept == 0 ? least(most, 2) : most;
}

/* Receives until the kernel has no more or the rows are used up. Returns 0 or -errno. */
static int32_t fetch(mp_udp *udp, uint32_t *kept, uint32_t rows) {
  /* No more senders in one batch than the table takes in at once, and no endless loop over what is dropped. */
  uint32_t most = mp_peers_room(&udp->peers);
  if (most == 0 || most > udp->vectors) most = udp->vectors;
  for (uint32_t count; (count = prepare(udp, *kept, rows, next_messages(udp, *kept, most))) > 0;) {
    int received = mp_recvmmsg(udp->base.fd, udp->messages, count);
    if (received < 0) return on_receive_error(udp, errno);
    collect(udp, (uint32_t)received, kept, rows);
    most -= (uint32_t)received;
    if ((uint32_t)received < count || udp->held < udp->held_end) return 0;
  }
  udp->base.state[MP_STATE_MORE] = MP_MORE_IN_KERNEL;
  return 0;
}

int32_t mp_udp_receive(mp_endpoint *endpoint, uint32_t rows) {
  mp_udp *udp = (mp_udp *)endpoint;
  uint32_t kept = 0;
  int32_t failure = 0;
  endpoint->state[MP_STATE_MORE] = MP_MORE_NONE;
  if (more(udp)) {
    release_held(udp, &kept, rows);
  } else {
    failure = fetch(udp, &kept, rows);
  }
  if (more(udp)) endpoint->state[MP_STATE_MORE] = MP_MORE_HELD;
  mp_clear_columns(&endpoint->rows, MP_PATH, MP_FLAGS, kept);
  endpoint->counters[MP_RX_PACKETS] += kept;
  endpoint->state[MP_STATE_PEERS] = (int32_t)udp->peers.count;
  return kept > 0 ? (int32_t)kept : failure;
}

/* Takes a message off the socket and leaves its content there. Returns how many datagrams it had, -1 on failure. */
static int32_t drop_message(mp_udp *udp) {
  mp_control control;
  char byte;
  struct iovec part = {&byte, sizeof byte};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t length = recvmsg(udp->base.fd, &message, MSG_DONTWAIT | MSG_TRUNC);
  if (length < 0) return -1;
  uint32_t segment = mp_segment_read(&message);
  mp_arrival arrival = {.length = (uint32_t)length, .segment = segment};
  return (int32_t)datagrams_of(&arrival);
}

int32_t mp_udp_discard(mp_endpoint *endpoint) {
  mp_udp *udp = (mp_udp *)endpoint;
  int32_t dropped = 0;
  endpoint->state[MP_STATE_MORE] = MP_MORE_NONE;
  for (; udp->held < udp->held_end; udp->held++) {
    endpoint->counters[MP_DROP_POOL_EMPTY] += datagrams_of(&udp->arrivals[udp->held]);
  }
  while (dropped < MP_DISCARD_PACKETS) {
    int32_t datagrams = drop_message(udp);
    if (datagrams < 0) return on_receive_error(udp, errno);
    endpoint->counters[MP_DROP_POOL_EMPTY] += datagrams;
    dropped += datagrams;
  }
  return 0;
}
