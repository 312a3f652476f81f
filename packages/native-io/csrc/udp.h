/* A UDP socket that works in batches. */
#ifndef MP_UDP_H
#define MP_UDP_H

#include "ecn.h"
#include "endpoint.h"
#include "mmsg.h"
#include "peers.h"
#include "pktinfo.h"
#include "udp_offload.h"

/* Most messages one system call receives when each may hold many datagrams. Each has MP_MESSAGE_BYTES of scratch. */
enum { MP_JOINED_MESSAGES = 16 };

/* A received message: one datagram, or several of one sender and size. See udp_receive.c for where its bytes lie. */
typedef struct {
  uint32_t first;     /* row */
  uint32_t rows;      /* that it was scattered over */
  uint32_t row_bytes; /* of it in each of them */
  uint32_t length;    /* of all of it, bytes; UINT32_MAX when it was cut */
  uint32_t segment;   /* of each datagram but the last, bytes */
  uint32_t done;      /* of its bytes, passed on or dropped */
  int32_t peer;       /* its sender; -1: dropped */
  int32_t ecn;        /* field of its IP header */
} mp_arrival;

typedef struct {
  mp_endpoint base; /* first, so that a pointer to it is one to this */
  mp_peers peers;
  int family;
  bool connected; /* to peer 0, which then is the only one */
  bool told;      /* by the kernel, which local address a datagram was sent to */
  bool ecn;       /* the field of the IP header goes with rows, both ways */
  bool whole;     /* datagrams are never fragmented; those that are too large get lost */
  mp_offloads offloads;
  /* One element for each message of a system call, and an iovec for each of their parts. */
  uint32_t vectors;
  struct mmsghdr *messages;
  struct iovec *parts;
  mp_ends *ends;
  mp_control *controls;
  /* Receiving. */
  mp_arrival *arrivals;
  uint8_t *scratch; /* NULL without GRO */
  uint32_t run;     /* datagrams expected in a message */
  uint32_t segment; /* bytes expected in each */
  uint32_t longest; /* run since the last CALLS_REMEMBERED calls began */
  uint32_t calls;
  uint32_t held;    /* arrivals held..held_end-1 are complete in the scratch, and wait for rows */
  uint32_t held_end;
} mp_udp;

/* What open found, for JavaScript to see. */
typedef struct {
  mp_address local;
  int32_t receive_bytes;
  int32_t send_bytes;
} mp_udp_facts;

extern const mp_operations mp_udp_operations;

/* Opens and binds a socket as `config` says. On failure nothing is left open and `failure` says why. */
mp_udp *mp_udp_open(napi_env env, napi_value config, mp_failure *failure, mp_udp_facts *facts);
/* The socket behind an endpoint; NULL when it is of another kind. */
mp_udp *mp_udp_of(mp_endpoint *endpoint);

/*
 * Messages that the kernel dropped since the socket is open, as its buffer was full or their checksum was wrong; one that GRO
 * joined counts once. Linux only, elsewhere 0.
 */
uint32_t mp_udp_overflowed(const mp_udp *udp);

/* The operations of its kind. */
int32_t mp_udp_receive(mp_endpoint *endpoint, uint32_t rows);
int32_t mp_udp_discard(mp_endpoint *endpoint);
uint32_t mp_udp_send(mp_endpoint *endpoint, const mp_batch *batch, uint32_t rows);

#endif
