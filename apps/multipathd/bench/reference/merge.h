/* Joins packets of one flow that follow each other and writes each run to the TUN as one super-packet. */
#ifndef REF_MERGE_H
#define REF_MERGE_H

#include "packet.h"
#include "tun.h"

/* Takes a packet; its bytes must stay until the flush. `partial`: its checksum holds only the pseudo header. */
void ref_merge(const ref_tun *tun, uint8_t *packet, size_t length, bool partial);

/* Writes all that waits. */
void ref_merge_flush(const ref_tun *tun);

#endif
