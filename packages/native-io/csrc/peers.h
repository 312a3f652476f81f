/*
 * Remote addresses as small numbers: a bounded table, found by open addressing. One that writes to two addresses of
 * this machine has two numbers, so that each is answered from where it asked.
 *
 * When it is full the clock algorithm picks whom to forget: its hand passes over the entries, spares pinned ones
 * and those seen in the batch that JavaScript works on, gives one used since the last turn another turn, and takes
 * the first that is left.
 */
#ifndef MP_PEERS_H
#define MP_PEERS_H

#include "address.h"

typedef struct {
  mp_ends ends;
  uint32_t hash;
  uint32_t pins;
  uint32_t guard; /* MP_STATE_GUARD when it was last heard of */
  bool used;
} mp_peer;

typedef struct {
  mp_peer *entries;
  int32_t *buckets; /* entry numbers, -1 where free; twice as many as entries or more, a power of two */
  uint32_t capacity;
  uint32_t count;
  uint32_t mask;
  uint32_t hand;
  uint32_t pinned;
  uint64_t seed;
} mp_peers;

/* False for want of memory. */
bool mp_peers_init(mp_peers *peers, uint32_t capacity);
void mp_peers_free(mp_peers *peers);
/*
 * The number of `ends`, which are entered if they are new. -1 when there is no room.
 * Peers whose guard is `guard` are not forgotten for it.
 */
int32_t mp_peers_number(mp_peers *peers, const mp_ends *ends, uint32_t guard);
/*
 * How many new addresses the table takes in at once. No more datagrams than that are received in one batch, so that
 * each finds an entry; with none left, those of unknown senders are dropped.
 */
uint32_t mp_peers_room(const mp_peers *peers);
/* Adds a pin, or takes one away. False when there is no such peer or pin. */
bool mp_peers_pin(mp_peers *peers, int32_t number, bool more);
/* The entry behind a number, NULL when it is not in use. */
mp_peer *mp_peers_at(mp_peers *peers, int32_t number);

#endif
