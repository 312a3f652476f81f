/*
 * Super-packets: with IFF_VNET_HDR one read of a TUN device brings up to 64 KiB of one flow, and one write takes as
 * much. What is read is cut into the packets it stands for, and packets of one flow are written together, so that the
 * kernel passes its stack once for dozens of them.
 *
 * The header in front of each packet is that of virtio-net (virtio 1.2, section 5.1.6): what it stands for, and from
 * where on its checksum still has to be summed. `hdr_len` in it is a hint only and never used.
 */
#ifndef MP_VNET_H
#define MP_VNET_H

#include "batch.h"
#include "endpoint.h"
#include "inner.h"

/* What a device does for us; the kernel is asked for all that is wanted and may know less. */
enum {
  MP_OFFLOAD_CHECKSUM = 1, /* packets come with checksums begun only, and may be written so */
  MP_OFFLOAD_TSO = 2,      /* TCP super-packets are read */
  MP_OFFLOAD_USO = 4,      /* UDP super-packets are read, and written if coalesced */
  MP_OFFLOAD_COALESCE = 8, /* runs of packets are written as one */
  MP_OFFLOAD_ALL = 15
};

/* Column `flags` of a batch, as FLAG_PARTIAL_CHECKSUM of @mp/wire. */
enum { MP_FLAG_PARTIAL = 8 };

enum {
  MP_VNET_HEADER = 10,
  MP_VNET_NEEDS_CHECKSUM = 1,
  MP_GSO_NONE = 0,
  MP_GSO_TCP4 = 1,
  MP_GSO_TCP6 = 4,
  MP_GSO_UDP = 5,
  MP_GSO_ECN = 0x80
};

/* struct virtio_net_hdr, in the byte order of the host. */
typedef struct {
  uint8_t flags;
  uint8_t gso_type;
  uint16_t header_bytes;
  uint16_t segment_bytes;
  uint16_t checksum_start;
  uint16_t checksum_offset;
} mp_vnet_header;

enum {
  MP_SUPER_BYTES = 65536, /* more than any packet has */
  MP_SUPER_HEADERS = 512, /* most bytes of headers, extensions of IPv6 with them */
  MP_SUPER_ROWS = 64,     /* rows that hold most super-packets, and the most that one write carries */
  MP_VNET_PARTS = MP_SUPER_ROWS + 2
};

/* A super-packet that is being cut: its headers, and how far we are. */
typedef struct {
  mp_vnet_header header;
  mp_inner inner;
  uint32_t length;                   /* bytes of the whole */
  uint32_t next;                     /* where the payload of the next segment begins; `length` when there is none */
  uint64_t pseudo;                   /* sum of the pseudo header without its length */
  bool extended;                     /* IPv6 with extension headers, behind which the far end finishes no checksum */
  uint8_t headers[MP_SUPER_HEADERS]; /* as they came */
} mp_super;

typedef struct {
  uint32_t offloads;
  bool takes_partial; /* JavaScript wants checksums begun only: what carries the packet protects it */
  mp_super cut;
  /* Where the segments of the next super-packet probably lie: as in the last one. 0 before the first. */
  uint16_t guess_header, guess_segment;
  uint8_t linear[MP_SUPER_BYTES]; /* a super-packet for which the guess was wrong, in one piece */
} mp_vnet;

/* Reads into rows 0..rows-1. Returns how many were filled, or -1 with errno when there was nothing to read. */
int32_t mp_vnet_receive(mp_endpoint *endpoint, mp_vnet *vnet, uint32_t rows);
/*
 * Writes the packets from `row` on as one if they are a run of one flow, else the first. Returns how many were
 * written, or -1 with errno.
 */
int32_t mp_vnet_write(mp_endpoint *endpoint, mp_vnet *vnet, const mp_batch *batch, uint32_t row, uint32_t rows);

#endif
