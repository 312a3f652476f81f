#include "udp.h"

#include <stdlib.h>

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

const mp_operations mp_udp_operations = {mp_udp_receive, mp_udp_discard, mp_udp_send, destroy};
