#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "socket.h"
#include "udp.h"

static const mp_failure none = {NULL, 0};

/* Asks for a buffer size, beyond the system's limit when privileged, and gives what was got. */
static int32_t size_buffer(int fd, int force, int plain, int32_t bytes) {
  if (force < 0 || setsockopt(fd, SOL_SOCKET, force, &bytes, sizeof bytes) < 0) {
    setsockopt(fd, SOL_SOCKET, plain, &bytes, sizeof bytes);
  }
  int32_t got = 0;
  socklen_t size = sizeof got;
  getsockopt(fd, SOL_SOCKET, plain, &got, &size);
  return got;
}

static void size_buffers(int fd, int32_t receive_bytes, int32_t send_bytes, mp_udp_facts *facts) {
#ifdef __linux__
  facts->receive_bytes = size_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, receive_bytes);
  facts->send_bytes = size_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, send_bytes);
#else
  facts->receive_bytes = size_buffer(fd, -1, SO_RCVBUF, receive_bytes);
  facts->send_bytes = size_buffer(fd, -1, SO_SNDBUF, send_bytes);
#endif
}

/*
 * Has datagrams sent whole or not at all. PROBE and not DO: what routers say of sizes may be forged, so the kernel shall
 * not go by it. A socket on [::] has the options of both families.
 */
static bool keep_whole(int fd, int family) {
#ifdef __linux__
  int v4 = IP_PMTUDISC_PROBE, v6 = IPV6_PMTUDISC_PROBE;
  if (setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof v4) < 0) return false;
  return family == AF_INET || setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof v6) == 0;
#else
  (void)fd;
  (void)family;
  return false;
#endif
}

static mp_failure configure(napi_env env, napi_value config, mp_udp *udp, mp_udp_facts *facts) {
  int fd = udp->base.fd, off = 0;
  mp_address local;
  mp_failure failure = mp_address_in(env, config, (const char *[]){"localIp", "localPort"}, udp->family, &local);
  if (failure.step != NULL) return failure;
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return mp_failed("fcntl");
  /* As node:dgram: a socket on [::] also takes IPv4, as mapped addresses. */
  if (udp->family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  failure = mp_bind_to_device(env, config, fd, udp->family);
  if (failure.step != NULL) return failure;
  failure = mp_set_mark(env, config, fd);
  if (failure.step != NULL) return failure;
  udp->whole = mp_int_of(env, config, "dontFragment") != 0 && keep_whole(fd, udp->family);
  udp->ecn = mp_int_of(env, config, "ecn") != 0 && mp_ecn_ask(fd, udp->family);
  size_buffers(fd, mp_int_of(env, config, "receiveBytes"), mp_int_of(env, config, "sendBytes"), facts);
  if (bind(fd, &local.any, mp_address_size(&local)) < 0) return mp_failed("bind");
  return none;
}

/* Connects to the remote address of the config and makes it the one peer, pinned for ever. */
static mp_failure connect_to_remote(napi_env env, napi_value config, mp_udp *udp) {
  mp_ends ends = {0};
  const char *names[] = {"remoteIp", "remotePort"};
  mp_failure failure = mp_address_in(env, config, names, udp->family, &ends.remote);
  if (failure.step != NULL) return failure;
  if (connect(udp->base.fd, &ends.remote.any, mp_address_size(&ends.remote)) < 0) return mp_failed("connect");
  udp->connected = true;
  mp_peers_pin(&udp->peers, mp_peers_number(&udp->peers, &ends, 0), true);
  return none;
}

static mp_failure set_up(napi_env env, napi_value config, mp_udp *udp, mp_udp_facts *facts) {
  mp_address local;
  mp_failure failure = mp_address_in(env, config, (const char *[]){"localIp", "localPort"}, AF_UNSPEC, &local);
  if (failure.step != NULL) return failure;
  udp->family = local.any.sa_family;
  udp->base.fd = socket(udp->family, SOCK_DGRAM, 0);
  if (udp->base.fd < 0) return mp_failed("socket");
  bool connects = mp_int_of(env, config, "remotePort") != 0;
  /* A socket with one address, by bind or by connect, sends from that one anyway. */
  udp->told = !connects && mp_address_any(&local) && mp_pktinfo_ask(udp->base.fd, udp->family);
  failure = configure(env, config, udp, facts);
  if (failure.step != NULL) return failure;
  if (!mp_peers_init(&udp->peers, connects ? 1 : (uint32_t)mp_int_of(env, config, "peerCapacity"))) {
    return mp_failed("peer table");
  }
  if (connects) failure = connect_to_remote(env, config, udp);
  if (failure.step != NULL) return failure;
  socklen_t size = sizeof facts->local;
  return getsockname(udp->base.fd, &facts->local.any, &size) < 0 ? mp_failed("getsockname") : none;
}

static bool allocate(mp_udp *udp, uint32_t vectors) {
  udp->vectors = vectors;
  udp->messages = calloc(vectors, sizeof *udp->messages);
  udp->parts = calloc(vectors + MP_JOINED_MESSAGES, sizeof *udp->parts);
  udp->ends = calloc(vectors, sizeof *udp->ends);
  udp->controls = calloc(vectors, sizeof *udp->controls);
  udp->arrivals = calloc(vectors, sizeof *udp->arrivals);
  return udp->messages != NULL && udp->parts != NULL && udp->ends != NULL && udp->controls != NULL &&
         udp->arrivals != NULL;
}

/* Memory of the scratch is taken up only where it is written to, thus not as long as messages are as expected. */
static mp_failure set_offloads(napi_env env, napi_value config, mp_udp *udp) {
  mp_offloads wish = {.gso = mp_int_of(env, config, "gso") != 0, .gro = mp_int_of(env, config, "gro") != 0};
  udp->offloads = mp_offloads_set(udp->base.fd, wish);
  udp->run = 1;
  udp->longest = 1;
  if (!udp->offloads.gro) return none;
  udp->scratch = malloc((size_t)MP_JOINED_MESSAGES * MP_MESSAGE_BYTES);
  return udp->scratch == NULL ? mp_failed("malloc") : none;
}

mp_udp *mp_udp_open(napi_env env, napi_value config, mp_failure *failure, mp_udp_facts *facts) {
  mp_udp *udp = calloc(1, sizeof *udp);
  *failure = (mp_failure){"malloc", ENOMEM};
  if (udp == NULL) return NULL;
  udp->base.operations = &mp_udp_operations;
  udp->base.fd = -1;
  if (allocate(udp, (uint32_t)mp_int_of(env, config, "batchSize"))) *failure = set_up(env, config, udp, facts);
  if (failure->step == NULL) *failure = set_offloads(env, config, udp);
  if (failure->step == NULL) return udp;
  if (udp->base.fd >= 0) close(udp->base.fd);
  mp_udp_operations.destroy(&udp->base);
  return NULL;
}
