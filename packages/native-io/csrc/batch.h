/*
 * Memory shared with JavaScript: packet descriptors, counters and the state words.
 *
 * The numbers here are repeated in src/layout.ts, and nowhere else.
 */
#ifndef MP_BATCH_H
#define MP_BATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Columns of a PacketBatch: column c of packet i is table[c * capacity + i]. */
enum { MP_SLOT, MP_OFFSET, MP_LENGTH, MP_PEER, MP_PATH, MP_SEQUENCE, MP_FLOW, MP_FLAGS, MP_COLUMNS };

/*
 * Of column MP_FLAGS a socket uses but the ECN field of the IP header (RFC 3168): what to send with, what came. The same
 * place is named in packages/wire/src/ecn.ts.
 */
enum { MP_ECN_SHIFT = 9, MP_ECN_FIELD = 3 };

/* Counters: a Float64Array, since a double counts to 2^53 and costs nothing to read in JavaScript. */
enum {
  MP_RX_PACKETS,
  MP_RX_BYTES,
  MP_TX_PACKETS,
  MP_TX_BYTES,
  MP_DROP_POOL_EMPTY,
  MP_DROP_TOO_BIG,
  MP_DROP_UNREACHABLE,
  MP_DROP_UNKNOWN_PEER,
  MP_DROP_PEERS_FULL,
  MP_DROP_TUN_DOWN,
  MP_DROP_MALFORMED,
  MP_DROP_OUTSIDE_ARENA,
  MP_DROP_CLOSED, /* counted by JavaScript: there is no descriptor any more */
  MP_TX_MESSAGES, /* by a socket; each of one packet or several */
  MP_RX_MESSAGES,
  MP_RX_MOVED, /* packets that the kernel did not write to where they belong */
  MP_DROP_CUT_OFF, /* of a TCP connection that ended within a frame */
  MP_COUNTERS
};

/* State words: an Int32Array that carries results for which a return value is too small. */
enum {
  MP_STATE_BLOCKED, /* errno that stopped the last send, 0 when it took all */
  MP_STATE_PEERS,   /* peers in the table */
  MP_STATE_GUARD,   /* peers seen under this number are not forgotten; JavaScript moves it on */
  MP_STATE_EVENTS,  /* (peer, errno) pairs behind it */
  MP_STATE_EVENT_PAIRS,
  MP_MAX_EVENTS = 16,
  MP_STATE_GSO_REFUSED = MP_STATE_EVENT_PAIRS + 2 * MP_MAX_EVENTS, /* errno that ended segmentation, else 0 */
  MP_STATE_MORE, /* what the last receive left behind: MP_MORE_... */
  MP_STATE_OFFLOADS, /* of a TUN device, those that act now */
  MP_STATE_BACKLOG,  /* of a TCP connection, bytes taken and not given to the kernel */
  MP_STATE_READY,    /* rows that a wake-up may fill before it calls JavaScript; 0: JavaScript calls receive itself */
  MP_STATE_WORDS
};

/* Values of MP_STATE_MORE. Of what is held here the event loop does not know: call receive again by yourself. */
enum { MP_MORE_NONE, MP_MORE_IN_KERNEL, MP_MORE_HELD };

typedef struct {
  int32_t *table;
  uint32_t capacity;
} mp_batch;

static inline int32_t *mp_cell(const mp_batch *batch, int column, uint32_t row) {
  return batch->table + (size_t)column * batch->capacity + row;
}

/* Swaps what names a slot, so that a row that was not used stays behind the ones that were. */
static inline void mp_swap_slots(const mp_batch *batch, uint32_t a, uint32_t b) {
  for (int column = MP_SLOT; column <= MP_LENGTH; column++) {
    int32_t kept = *mp_cell(batch, column, a);
    *mp_cell(batch, column, a) = *mp_cell(batch, column, b);
    *mp_cell(batch, column, b) = kept;
  }
}

/* Zeroes the columns from `column` to before `end`, as PacketBatch.push does. */
static inline void mp_clear_columns(const mp_batch *batch, int column, int end, uint32_t rows) {
  for (; column < end; column++) memset(mp_cell(batch, column, 0), 0, rows * sizeof(int32_t));
}

#endif
