#include "tcp_options.h"

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#ifdef __linux__
#include <linux/tcp.h> /* that of libc knows an older struct tcp_info */
#else
#include <netinet/tcp.h>
#endif

/* A connection whose bytes are not acknowledged for this long is dead, ms. */
enum { USER_TIMEOUT_MS = 20000 };
/* A silent one is asked after this long, and then so often, s; unanswered it is dead. */
enum { IDLE_S = 10, INTERVAL_S = 5, QUESTIONS = 3 };

/* It takes a lost packet for what it is, and leaves queues on the line short. Where there is none, the default of the system stays. */
#define CONGESTION_CONTROL "bbr"

static void set(int fd, int option, int value) { setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value); }

void mp_tcp_set_options(int fd) {
  int on = 1;
  set(fd, TCP_NODELAY, 1);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  set(fd, TCP_KEEPINTVL, INTERVAL_S);
  set(fd, TCP_KEEPCNT, QUESTIONS);
#ifdef __linux__
  setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, CONGESTION_CONTROL, sizeof CONGESTION_CONTROL - 1);
  set(fd, TCP_KEEPIDLE, IDLE_S);
  set(fd, TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
#elif defined(TCP_KEEPALIVE)
  set(fd, TCP_KEEPALIVE, IDLE_S);
#endif
#ifdef SO_NOSIGPIPE
  setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
}

uint64_t mp_tcp_delivery_rate(int fd) {
#ifdef __linux__
  struct tcp_info info = {0};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0) return 0;
  size_t needed = offsetof(struct tcp_info, tcpi_delivery_rate) + sizeof info.tcpi_delivery_rate;
  return size < needed ? 0 : info.tcpi_delivery_rate;
#else
  (void)fd;
  return 0;
#endif
}

void mp_tcp_set_unsent(int fd, int32_t bytes) {
#ifdef TCP_NOTSENT_LOWAT
  set(fd, TCP_NOTSENT_LOWAT, bytes);
#else
  (void)fd;
  (void)bytes;
#endif
}
