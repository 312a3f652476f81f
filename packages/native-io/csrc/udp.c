#include "udp.h"

#include <stdlib.h>
#include <sys/socket.h>
#ifdef __linux__
#include <linux/sock_diag.h>
#endif

static void destroy(mp_endpoint *endpoint) {
  mp_udp *udp = (mp_udp *)endpoint;
  mp_peers_free(&udp->peers);
  free(udp->messages);
  free(udp->parts);
  free(udp->ends);
  free(udp->controls);
  free(udp->arrivals);
  free(udp->scratch);
  free(udp);
}

mp_udp *mp_udp_of(mp_endpoint *endpoint) {
  return endpoint != NULL && endpoint->operations == &mp_udp_operations ? (mp_udp *)endpoint : NULL;
}

uint32_t mp_udp_overflowed(const mp_udp *udp) {
#ifdef SO_MEMINFO
  uint32_t facts[SK_MEMINFO_VARS] = {0};
  socklen_t size = sizeof facts;
  if (getsockopt(udp->base.fd, SOL_SOCKET, SO_MEMINFO, facts, &size) < 0) return 0;
  return facts[SK_MEMINFO_DROPS];
#else
  (void)udp;
  return 0;
#endif
}

const mp_operations mp_udp_operations = {mp_udp_receive, mp_udp_discard, mp_udp_send, destroy};
