#include "peers.h"

#include <stdlib.h>
#include <unistd.h>
#ifdef __APPLE__
#include <sys/random.h>
#endif

bool mp_peers_init(mp_peers *peers, uint32_t capacity) {
  uint32_t buckets = 4;
  while (buckets < 2 * capacity) buckets *= 2;
  *peers = (mp_peers){.capacity = capacity, .mask = buckets - 1};
  peers->entries = calloc(capacity, sizeof *peers->entries);
  peers->buckets = malloc(buckets * sizeof *peers->buckets);
  if (peers->entries == NULL || peers->buckets == NULL) return false;
  for (uint32_t i = 0; i < buckets; i++) peers->buckets[i] = -1;
  return getentropy(&peers->seed, sizeof peers->seed) == 0;
}

void mp_peers_free(mp_peers *peers) {
  free(peers->entries);
  free(peers->buckets);
}

mp_peer *mp_peers_at(mp_peers *peers, int32_t number) {
  return number >= 0 && (uint32_t)number < peers->count ? &peers->entries[number] : NULL;
}

uint32_t mp_peers_room(const mp_peers *peers) { return peers->capacity - peers->pinned; }

bool mp_peers_pin(mp_peers *peers, int32_t number, bool more) {
  mp_peer *entry = mp_peers_at(peers, number);
  if (entry == NULL || (!more && entry->pins == 0)) return false;
  if (more) {
    peers->pinned += entry->pins++ == 0;
  } else {
    peers->pinned -= --entry->pins == 0;
  }
  return true;
}

/* Where the search for a peer ends: at it, or at a free bucket. */
static uint32_t find_bucket(const mp_peers *peers, const mp_ends *ends, uint32_t hash) {
  uint32_t at = hash & peers->mask;
  for (; peers->buckets[at] >= 0; at = (at + 1) & peers->mask) {
    const mp_peer *entry = &peers->entries[peers->buckets[at]];
    if (entry->hash == hash && mp_ends_equal(&entry->ends, ends)) break;
  }
  return at;
}

/* Empties the bucket of `entry` and moves up those behind it that would no longer be found. */
static void remove_from_buckets(mp_peers *peers, const mp_peer *entry) {
  uint32_t hole = find_bucket(peers, &entry->ends, entry->hash);
  for (uint32_t at = (hole + 1) & peers->mask; peers->buckets[at] >= 0; at = (at + 1) & peers->mask) {
    uint32_t home = peers->entries[peers->buckets[at]].hash & peers->mask;
    /* It may move into the hole only if its home is not behind the hole, going round. */
    if (((at - home) & peers->mask) >= ((at - hole) & peers->mask)) {
      peers->buckets[hole] = peers->buckets[at];
      hole = at;
    }
  }
  peers->buckets[hole] = -1;
}

/* Frees an entry by forgetting its address; -1 when all are pinned or guarded. */
static int32_t forget_one(mp_peers *peers, uint32_t guard) {
  for (uint32_t step = 0; step < 2 * peers->capacity; step++) {
    uint32_t number = peers->hand;
    peers->hand = (number + 1) % peers->capacity;
    mp_peer *entry = &peers->entries[number];
    if (entry->pins > 0 || entry->guard == guard) continue;
    if (!entry->used) {
      remove_from_buckets(peers, entry);
      return (int32_t)number;
    }
    entry->used = false;
  }
  return -1;
}

int32_t mp_peers_number(mp_peers *peers, const mp_ends *ends, uint32_t guard) {
  uint32_t hash = mp_ends_hash(ends, peers->seed);
  int32_t number = peers->buckets[find_bucket(peers, ends, hash)];
  if (number < 0) {
    number = peers->count < peers->capacity ? (int32_t)peers->count++ : forget_one(peers, guard);
    if (number < 0) return -1;
    peers->entries[number] = (mp_peer){.ends = *ends, .hash = hash, .guard = guard - 1};
    /* Looked up anew: forgetting may have moved the free bucket. */
    peers->buckets[find_bucket(peers, ends, hash)] = number;
  }
  peers->entries[number].used = true;
  return number;
}
