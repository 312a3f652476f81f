#include "tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "socket.h"
#include "tcp_options.h"

static const mp_failure none = {NULL, 0};

/* Connections that wait to be accepted. */
enum { BACKLOG = 511 };

static void destroy(mp_endpoint *endpoint) {
  mp_tcp *tcp = (mp_tcp *)endpoint;
  free(tcp->lengths);
  free(tcp->parts);
  free(tcp->tail);
  free(tcp->image);
  free(tcp);
}

const mp_operations mp_tcp_operations = {mp_tcp_receive, mp_tcp_discard, mp_tcp_send, destroy};

mp_tcp *mp_tcp_of(mp_endpoint *endpoint) {
  return endpoint != NULL && endpoint->operations == &mp_tcp_operations ? (mp_tcp *)endpoint : NULL;
}

/* Memory of tail and image is taken up only where it is written to. */
static bool allocate(mp_tcp *tcp, uint32_t vectors) {
  tcp->vectors = vectors;
  tcp->lengths = calloc(vectors, sizeof *tcp->lengths);
  tcp->parts = calloc(2 * (size_t)vectors + 2, sizeof *tcp->parts);
  tcp->tail = malloc(MP_LENGTH_BYTES + MP_FRAME_BYTES);
  tcp->image = malloc(MP_IMAGE_BYTES);
  return tcp->lengths != NULL && tcp->parts != NULL && tcp->tail != NULL && tcp->image != NULL;
}

static mp_failure begin_to_connect(napi_env env, napi_value config, mp_tcp *tcp) {
  mp_address remote, local;
  mp_failure failure = mp_address_in(env, config, (const char *[]){"remoteIp", "remotePort"}, AF_UNSPEC, &remote);
  if (failure.step != NULL) return failure;
  int family = remote.any.sa_family, fd = socket(family, SOCK_STREAM, 0);
  if (fd < 0) return mp_failed("socket");
  tcp->base.fd = fd;
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) return mp_failed("fcntl");
  failure = mp_bind_to_device(env, config, fd, family);
  if (failure.step == NULL) failure = mp_set_mark(env, config, fd);
  if (failure.step != NULL) return failure;
  char ip[MP_ADDRESS_TEXT];
  if (mp_text_of(env, config, "localIp", ip, sizeof ip)) {
    failure = mp_address_in(env, config, (const char *[]){"localIp", "localPort"}, family, &local);
    if (failure.step != NULL) return failure;
    if (bind(fd, &local.any, mp_address_size(&local)) < 0) return mp_failed("bind");
  }
  if (connect(fd, &remote.any, mp_address_size(&remote)) < 0 && errno != EINPROGRESS) return mp_failed("connect");
  return none;
}

static mp_failure set_up(napi_env env, napi_value config, mp_tcp *tcp) {
  tcp->max_frame = (uint32_t)mp_int_of(env, config, "maxFrameBytes");
  if (!allocate(tcp, (uint32_t)mp_int_of(env, config, "batchSize"))) return (mp_failure){"malloc", ENOMEM};
  mp_failure failure = none;
  if (tcp->base.fd < 0) failure = begin_to_connect(env, config, tcp);
  if (failure.step != NULL) return failure;
  mp_tcp_set_options(tcp->base.fd);
  mp_tcp_bound_unsent(tcp);
  return none;
}

mp_tcp *mp_tcp_open(napi_env env, napi_value config, mp_failure *failure) {
  int32_t accepted = mp_int_of(env, config, "fd");
  mp_tcp *tcp = calloc(1, sizeof *tcp);
  *failure = (mp_failure){"malloc", ENOMEM};
  if (tcp != NULL) {
    tcp->base.operations = &mp_tcp_operations;
    tcp->base.fd = accepted;
    *failure = set_up(env, config, tcp);
    if (failure->step == NULL) return tcp;
    accepted = tcp->base.fd;
    destroy(&tcp->base);
  }
  if (accepted >= 0) close(accepted);
  return NULL;
}

/* A listener has nothing to receive or to send but connections, and those are accepted. */
static int32_t receive_nothing(mp_endpoint *endpoint, uint32_t rows) {
  (void)endpoint;
  (void)rows;
  return 0;
}

static int32_t discard_nothing(mp_endpoint *endpoint) { return receive_nothing(endpoint, 0); }

static uint32_t send_nothing(mp_endpoint *endpoint, const mp_batch *batch, uint32_t rows) {
  (void)batch;
  return (uint32_t)receive_nothing(endpoint, rows);
}

static void destroy_listener(mp_endpoint *endpoint) { free(endpoint); }

static const mp_operations listener_operations = {receive_nothing, discard_nothing, send_nothing, destroy_listener};

static mp_failure begin_to_listen(napi_env env, napi_value config, mp_endpoint *listener) {
  mp_address local;
  int on = 1, off = 0;
  mp_failure failure = mp_address_in(env, config, (const char *[]){"localIp", "localPort"}, AF_UNSPEC, &local);
  if (failure.step != NULL) return failure;
  int family = local.any.sa_family, fd = socket(family, SOCK_STREAM, 0);
  if (fd < 0) return mp_failed("socket");
  listener->fd = fd;
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return mp_failed("fcntl");
  /* As node:net: a port is free again at once, and a socket on [::] also takes IPv4, as mapped addresses. */
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind(fd, &local.any, mp_address_size(&local)) < 0) return mp_failed("bind");
  return listen(fd, BACKLOG) < 0 ? mp_failed("listen") : none;
}

mp_endpoint *mp_tcp_listen(napi_env env, napi_value config, mp_failure *failure) {
  mp_endpoint *listener = calloc(1, sizeof *listener);
  *failure = (mp_failure){"malloc", ENOMEM};
  if (listener == NULL) return NULL;
  listener->operations = &listener_operations;
  listener->fd = -1;
  *failure = begin_to_listen(env, config, listener);
  if (failure->step == NULL) return listener;
  if (listener->fd >= 0) close(listener->fd);
  free(listener);
  return NULL;
}
