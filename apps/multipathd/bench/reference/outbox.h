/* Datagrams on their way to one socket: as few messages as possible, all with one system call. */
#ifndef REF_OUTBOX_H
#define REF_OUTBOX_H

#include <sys/socket.h>
#include <sys/uio.h>

#include "packet.h"

enum { REF_OUT_MESSAGES = 256, REF_OUT_PARTS = 1024 };

typedef struct {
  int fd;
  unsigned messages, parts;
  uint32_t segment_bytes; /* of the newest message; all but its last datagram are that long */
  uint32_t total_bytes, datagrams;
  uint64_t lost; /* datagrams that the kernel did not take */
  struct mmsghdr headers[REF_OUT_MESSAGES];
  struct iovec vectors[REF_OUT_PARTS];
  union {
    struct cmsghdr aligned;
    uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
  } controls[REF_OUT_MESSAGES];
  uint32_t counts[REF_OUT_MESSAGES];
} ref_outbox;

/* The bytes must stay where they are until the flush. */
void ref_outbox_add(ref_outbox *box, uint8_t *datagram, size_t length);

void ref_outbox_flush(ref_outbox *box);

#endif
