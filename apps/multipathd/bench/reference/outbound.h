/* From the TUN to the sockets. */
#ifndef REF_OUTBOUND_H
#define REF_OUTBOUND_H

#include "outbox.h"
#include "seal.h"
#include "tun.h"

typedef struct {
  ref_tun tun;
  unsigned paths;
  ref_outbox *boxes;  /* one for each path */
  ref_seal *seal;     /* NULL: nothing is sealed */
  bool full_checksum; /* checksums are completed here instead of being left to the far kernel */
  uint64_t sequence;
  uint64_t dropped;   /* packets that nobody could have meant */
} ref_outbound;

/* Reads what there is, at most one round, and sends it. Returns how many packets were read. */
unsigned ref_outbound_round(ref_outbound *out);

#endif
