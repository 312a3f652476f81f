/* A TUN device that works in batches. Opening one differs by system; reading and writing is shared. */
#ifndef MP_TUN_H
#define MP_TUN_H

#include <net/if.h>

#include "endpoint.h"
#include "vnet.h"

enum {
#ifdef __APPLE__
  MP_TUN_PREFIX_BYTES = 4, /* utun puts the address family in front of each packet */
  MP_TUN_HAS_VNET = 0
#else
  MP_TUN_PREFIX_BYTES = 0,
  MP_TUN_HAS_VNET = 1
#endif
};

typedef struct {
  mp_endpoint base; /* first, so that a pointer to it is one to this */
  char name[IFNAMSIZ];
  mp_vnet *vnet; /* NULL: a packet a call, each with its whole checksum */
  const char *reason; /* why offloads are off that were wanted; NULL: no test found fault with them */
} mp_tun;

extern const mp_operations mp_tun_operations;

/*
 * Opens a device; `name` holds the wish, "" for any, and then the name it got. With `vnet` there is a virtio-net header
 * in front of each packet. Returns the descriptor, or -1 and says why in `failure`. One per system.
 */
int mp_tun_open_device(char name[IFNAMSIZ], bool multi_queue, bool vnet, mp_failure *failure);
/* Asks the kernel for offloads. Returns those of them it does, and those that are ours alone. One per system. */
uint32_t mp_tun_ask_offloads(int fd, uint32_t wanted);
/* Opens a device as `config` says. On failure nothing is left open and `failure` says why. */
mp_tun *mp_tun_open(napi_env env, napi_value config, mp_failure *failure);

#endif
