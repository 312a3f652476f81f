#include "outbox.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

/* Longest payload of a UDP datagram over IPv4, which holds for the sum of a UDP_SEGMENT message too. */
enum { MESSAGE_LIMIT = 65507 };

/* Ends the newest message: with more than one datagram the kernel must be told how to cut it. */
static void close_message(ref_outbox *box) {
  if (box->datagrams == 0) return;
  unsigned index = box->messages - 1;
  struct msghdr *message = &box->headers[index].msg_hdr;
  box->counts[index] = box->datagrams;
  if (box->datagrams > 1) {
    uint16_t segment = (uint16_t)box->segment_bytes;
    struct cmsghdr *control = &box->controls[index].aligned;
    *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof segment), .cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT};
    memcpy(CMSG_DATA(control), &segment, sizeof segment);
    message->msg_control = control;
    message->msg_controllen = sizeof box->controls[index];
  }
  box->datagrams = 0;
}

static void begin_message(ref_outbox *box, size_t length) {
  close_message(box);
  if (box->messages == REF_OUT_MESSAGES || box->parts + REF_SEGMENTS > REF_OUT_PARTS) ref_outbox_flush(box);
  box->headers[box->messages++].msg_hdr = (struct msghdr){.msg_iov = &box->vectors[box->parts]};
  box->segment_bytes = (uint32_t)length;
  box->total_bytes = 0;
}

static bool fits(const ref_outbox *box, size_t length) {
  return box->datagrams > 0 && box->datagrams < REF_SEGMENTS && length <= box->segment_bytes &&
         box->total_bytes + length <= MESSAGE_LIMIT && box->total_bytes == box->datagrams * box->segment_bytes;
}

void ref_outbox_add(ref_outbox *box, uint8_t *datagram, size_t length) {
  if (!fits(box, length)) begin_message(box, length);
  struct msghdr *message = &box->headers[box->messages - 1].msg_hdr;
  struct iovec *last = box->parts > 0 ? &box->vectors[box->parts - 1] : NULL;
  if (box->datagrams > 0 && (uint8_t *)last->iov_base + last->iov_len == datagram) {
    last->iov_len += length;
  } else {
    box->vectors[box->parts++] = (struct iovec){datagram, length};
    message->msg_iovlen++;
  }
  box->total_bytes += (uint32_t)length;
  box->datagrams++;
}

void ref_outbox_flush(ref_outbox *box) {
  close_message(box);
  for (unsigned done = 0; done < box->messages;) {
    int sent = sendmmsg(box->fd, box->headers + done, box->messages - done, 0);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) box->lost += box->counts[done];
    done += sent < 0 ? 1 : (unsigned)sent;
  }
  box->messages = box->parts = 0;
}
