/* Packets of known bytes, for testing what the kernel makes of them. */
#ifndef MP_TEST_FLOW_H
#define MP_TEST_FLOW_H

#include "vnet.h"

/* A flow has three segments of one size and a shorter one. */
enum { MP_TEST_SEGMENTS = 4, MP_TEST_BYTES = 3500, MP_TEST_LARGEST = MP_MAX_HEADERS + MP_TEST_BYTES };

typedef struct {
  uint8_t version;  /* 4 or 6 */
  uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
} mp_test_flow;

/* Writes segment `index`, at most MP_TEST_LARGEST bytes. Returns its length. */
size_t mp_test_segment(uint8_t *packet, const mp_test_flow *flow, uint32_t index);
/* Writes the super-packet of all segments, its checksum begun. Returns its length. */
size_t mp_test_super(uint8_t *packet, const mp_test_flow *flow);
/* What stands in front of that. */
mp_vnet_header mp_test_header(const mp_test_flow *flow);

#endif
