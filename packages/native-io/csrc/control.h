/* Room for the control messages that go with a datagram, and how they are put into it. */
#ifndef MP_CONTROL_H
#define MP_CONTROL_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

/* Room for one local address (see pktinfo.h), one size of segments (see udp_offload.h) and one ECN field (see ecn.h). */
typedef union {
  struct cmsghdr aligned;
  unsigned char bytes[CMSG_SPACE(sizeof(struct in6_addr) + sizeof(unsigned)) + 2 * CMSG_SPACE(sizeof(int))];
} mp_control;

#ifdef __linux__
/* Adds a control message that begins with `header` to `message`, which has no others than those in `control`.
 * Returns where its content goes. */
static inline void *mp_control_add(struct msghdr *message, mp_control *control, const struct cmsghdr *header) {
  size_t at = message->msg_control == NULL ? 0 : CMSG_ALIGN(message->msg_controllen);
  struct cmsghdr *added = (struct cmsghdr *)(control->bytes + at);
  *added = *header;
  message->msg_control = control;
  /* Without the padding behind the content: thus the kernel's copy of a single one fits on its stack. */
  message->msg_controllen = at + header->cmsg_len;
  return CMSG_DATA(added);
}
#endif

#endif
