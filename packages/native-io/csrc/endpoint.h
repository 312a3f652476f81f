/*
 * What a UDP socket and a TUN device have in common: a file descriptor polled by the event loop, the shared memory,
 * and a life that ends by close() or with the environment, whichever comes first.
 */
#ifndef MP_ENDPOINT_H
#define MP_ENDPOINT_H

#include <node_api.h>

#include "batch.h"
#include "uv_abi.h"
#include "value.h"

typedef struct mp_endpoint mp_endpoint;

/* How one kind of endpoint does its work. */
typedef struct {
  /* Reads into rows 0..rows-1; returns how many were filled, or -errno when the descriptor is of no more use. */
  int32_t (*receive)(mp_endpoint *endpoint, uint32_t rows);
  /* Drops up to a bounded number of packets for want of slots. Returns 0 or -errno as receive. */
  int32_t (*discard)(mp_endpoint *endpoint);
  /* Sends rows 0..rows-1; returns how many are done with, sent or dropped. */
  uint32_t (*send)(mp_endpoint *endpoint, const mp_batch *batch, uint32_t rows);
  /* Frees the endpoint itself. The descriptor is closed by then. */
  void (*destroy)(mp_endpoint *endpoint);
} mp_operations;

struct mp_endpoint {
  const mp_operations *operations;
  int fd;

  /* Shared memory; `config` keeps all of it alive. */
  uint8_t *arena;
  size_t arena_bytes;
  mp_batch rows;
  mp_batch outgoing; /* sent from last; no table before the first time */
  double *counters;
  int32_t *state;

  /* The event loop. */
  napi_env env;
  napi_ref config;
  napi_ref on_ready;
  napi_async_context async;
  napi_async_cleanup_hook_handle cleanup;
  uv_poll_t *poll;
  int wanted; /* events to wait for */
  int armed;  /* events libuv waits for now */
  uint64_t woken_ns;
  bool rested; /* there was a pause before this wake-up: what comes now may well come alone */
  bool closed;
  int holders; /* of this memory: the JavaScript value and the libuv handle */
};

/* Most packets a discard takes: enough to make progress, too few to hold up the loop. */
enum { MP_DISCARD_PACKETS = 64 };

/*
 * Binds `endpoint`, which has operations and fd, to the shared memory in `config` and to the event loop, and gives
 * the JavaScript value for it. On failure the endpoint is destroyed, its descriptor closed and NULL returned with an
 * exception pending.
 */
napi_value mp_endpoint_attach(napi_env env, mp_endpoint *endpoint, napi_value config);
/* The endpoint behind a JavaScript value; NULL, with an exception pending, when it is none or closed. */
mp_endpoint *mp_endpoint_of(napi_env env, napi_value value);
/* Asks the event loop for `events` as well, from now on. */
void mp_endpoint_want(mp_endpoint *endpoint, int events);
/* Reads into up to `rows` rows; with none a bounded number of packets is dropped. Returns as mp_operations.receive. */
int32_t mp_endpoint_receive(mp_endpoint *endpoint, uint32_t rows);
/* Stops polling and closes the descriptor. Idempotent. */
void mp_endpoint_close(mp_endpoint *endpoint);

/* The packet in row `row` of `batch`; NULL when the row points outside of the arena. */
static inline uint8_t *mp_packet(const mp_endpoint *endpoint, const mp_batch *batch, uint32_t row) {
  int64_t offset = *mp_cell(batch, MP_OFFSET, row);
  int64_t length = *mp_cell(batch, MP_LENGTH, row);
  bool inside = offset >= 0 && length >= 0 && (uint64_t)(offset + length) <= endpoint->arena_bytes;
  return inside ? endpoint->arena + offset : NULL;
}
/* Notes for JavaScript that `peer` could not be reached; repeats and surplus are not noted. */
void mp_note_event(mp_endpoint *endpoint, int32_t peer, int code);

static inline void mp_count(mp_endpoint *endpoint, int counter) { endpoint->counters[counter] += 1; }

#endif
