/* A UDP socket that works in batches. */
#ifndef MP_UDP_H
#define MP_UDP_H

#include "endpoint.h"
#include "mmsg.h"
#include "peers.h"
#include "pktinfo.h"

typedef struct {
  mp_endpoint base; /* first, so that a pointer to it is one to this */
  mp_peers peers;
  int family;
  bool connected; /* to peer 0, which then is the only one */
  bool told;      /* by the kernel, which local address a datagram was sent to */
  /* One element for each message of a system call. */
  uint32_t vectors;
  struct mmsghdr *messages;
  struct iovec *packets;
  mp_ends *ends;
  mp_control *controls;
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

#endif
