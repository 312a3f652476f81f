/* Packets of one flow that follow each other: what one super-packet can stand for. */
#ifndef MP_COALESCE_H
#define MP_COALESCE_H

#include "vnet.h"

typedef struct {
  mp_inner inner;
  uint32_t rows;
  size_t segment_bytes; /* payload of each but the last, which may have less */
  size_t length;        /* bytes of the whole */
  bool partial;         /* checksums of all are begun only */
} mp_run;

/*
 * The longest run that begins with `row`. False when that is no TCP or UDP packet that can be looked into; a packet
 * that is alone is a run of one.
 */
bool mp_run_find(mp_run *run, mp_endpoint *endpoint, const mp_batch *batch, uint32_t row, uint32_t rows, bool udp);

#endif
