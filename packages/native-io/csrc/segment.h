/* Cutting a super-packet into the packets it stands for. */
#ifndef MP_SEGMENT_H
#define MP_SEGMENT_H

#include "vnet.h"

/*
 * Takes the super-packet of `length` bytes whose headers stand at `packet`, `whole` of them in one piece there. False
 * when it is none that we asked for: then it is malformed.
 */
bool mp_super_begin(mp_super *super, const uint8_t *packet, size_t whole, size_t length);
/* Bytes of the next segment's payload; 0 when all is cut. */
uint32_t mp_super_next(const mp_super *super);
/*
 * Writes the headers of the next segment in front of its payload, which is there already, and moves on. The checksum
 * is only begun when `partial`.
 */
void mp_super_stamp(mp_super *super, uint8_t *packet, bool partial);

#endif
