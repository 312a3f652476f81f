/* recvmmsg and sendmmsg, or loops that do the same where the system has none. */
#ifndef MP_MMSG_H
#define MP_MMSG_H

#include <sys/socket.h>

#ifdef __linux__

static inline int mp_recvmmsg(int fd, struct mmsghdr *messages, unsigned count) {
  return recvmmsg(fd, messages, count, MSG_DONTWAIT, NULL);
}
static inline int mp_sendmmsg(int fd, struct mmsghdr *messages, unsigned count) {
  return sendmmsg(fd, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

#else

struct mmsghdr {
  struct msghdr msg_hdr;
  unsigned msg_len;
};

/* Like the Linux calls: an error is reported only when it hits the first message. */
static inline int mp_recvmmsg(int fd, struct mmsghdr *messages, unsigned count) {
  unsigned done = 0;
  for (; done < count; done++) {
    ssize_t length = recvmsg(fd, &messages[done].msg_hdr, MSG_DONTWAIT);
    if (length < 0) break;
    messages[done].msg_len = (unsigned)length;
  }
  return done > 0 ? (int)done : -1;
}
static inline int mp_sendmmsg(int fd, struct mmsghdr *messages, unsigned count) {
  unsigned done = 0;
  while (done < count && sendmsg(fd, &messages[done].msg_hdr, MSG_DONTWAIT) >= 0) done++;
  return done > 0 ? (int)done : -1;
}

#endif
#endif
