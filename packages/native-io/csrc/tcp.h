/*
 * A TCP connection that carries frames, in batches, and what accepts such connections. On the stream each frame follows
 * its length in two bytes, high byte first.
 */
#ifndef MP_TCP_H
#define MP_TCP_H

#include <sys/uio.h>

#include "address.h"
#include "endpoint.h"

enum { MP_LENGTH_BYTES = 2, MP_FRAME_BYTES = 0xffff };
/* Most bytes one system call reads. */
enum { MP_READ_BYTES = 256 * 1024 };
/* What is not complete yet, and what one call reads behind it. */
enum { MP_IMAGE_BYTES = MP_LENGTH_BYTES + MP_FRAME_BYTES + MP_READ_BYTES };
/* Given back by receive: the other end closed its half. As libuv numbers it. */
enum { MP_END_OF_STREAM = 4095 };

typedef struct {
  mp_endpoint base;   /* first, so that a pointer to it is one to this */
  uint32_t max_frame; /* bytes; a longer one cannot be */
  bool ending;        /* nothing is sent after what was taken */
  int failure;        /* errno that the connection did not survive, until receive tells it; else 0 */
  /* For one system call: the length of each frame as it goes on the stream, and two parts of each. */
  uint32_t vectors;
  uint8_t (*lengths)[MP_LENGTH_BYTES];
  struct iovec *parts;
  /* Sending: the rest of a frame of which the kernel took the front, bytes tail_at..tail_end-1 of `tail`. */
  uint8_t *tail;
  uint32_t tail_at;
  uint32_t tail_end;
  int64_t sized_ms; /* when the bound of what is unsent was set */
  /* Receiving: bytes at..end-1 of the image of the stream are not in rows yet. See tcp_receive.c. */
  uint8_t *image;
  uint32_t at;
  uint32_t end;
  uint32_t expected; /* length of the next frames */
} mp_tcp;

extern const mp_operations mp_tcp_operations;

/* The connection behind an endpoint; NULL when it is of another kind. */
mp_tcp *mp_tcp_of(mp_endpoint *endpoint);
/*
 * Begins to connect as `config` says, or, when that names a descriptor that accept gave, takes the connection over. It is
 * writable when it is connected or has failed. On failure nothing is left open and `failure` says why.
 */
mp_tcp *mp_tcp_open(napi_env env, napi_value config, mp_failure *failure);
/* Sends what was taken, and then the end of the stream. Idempotent. */
void mp_tcp_end(mp_tcp *tcp);
/* Lets the kernel hold no more unsent bytes than the connection carries in a few milliseconds. */
void mp_tcp_bound_unsent(mp_tcp *tcp);

/* The operations of its kind. */
int32_t mp_tcp_receive(mp_endpoint *endpoint, uint32_t rows);
int32_t mp_tcp_discard(mp_endpoint *endpoint);
uint32_t mp_tcp_send(mp_endpoint *endpoint, const mp_batch *batch, uint32_t rows);

/* Listens as `config` says; readable when there is a connection to accept. As mp_tcp_open. */
mp_endpoint *mp_tcp_listen(napi_env env, napi_value config, mp_failure *failure);

/* What JavaScript calls; see src/binding.ts. */
napi_value mp_connect_tcp(napi_env env, napi_callback_info info);
napi_value mp_tcp_connected(napi_env env, napi_callback_info info);
napi_value mp_end_tcp(napi_env env, napi_callback_info info);
napi_value mp_listen_tcp(napi_env env, napi_callback_info info);
napi_value mp_accept_tcp(napi_env env, napi_callback_info info);

#endif
