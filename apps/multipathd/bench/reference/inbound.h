/* From the sockets to the TUN. */
#ifndef REF_INBOUND_H
#define REF_INBOUND_H

#include "seal.h"
#include "tun.h"

typedef struct {
  ref_tun tun;
  unsigned paths;
  int *sockets;      /* one for each path */
  ref_seal *seal;    /* NULL: nothing is sealed */
  uint64_t received, refused, late, skipped; /* frames; refused: malformed or not authentic */
} ref_inbound;

/* Reads what there is, at most one round of each socket. Returns how many messages were read. */
unsigned ref_inbound_round(ref_inbound *in);

/* Gives up waiting for what is missing before the oldest frame. */
void ref_inbound_skip(ref_inbound *in);

#define REF_NOTHING UINT64_MAX

/* The number of the frame that others wait for; REF_NOTHING when none waits. */
uint64_t ref_inbound_missing(void);

#endif
