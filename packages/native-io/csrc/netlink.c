#include "netlink.h"

#include <errno.h>

#include "endpoint.h"

#ifdef __linux__

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  GROUPS = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE |
           RTMGRP_IPV4_RULE | 1 << (RTNLGRP_IPV6_RULE - 1),
  /* A burst of changes that does not fit is lost, and all has to be asked for again. */
  BUFFER_BYTES = 1024 * 1024
};

/* One datagram into row 0: 1, 0 when there is none, -ENOBUFS when some were lost. */
static int32_t receive(mp_endpoint *endpoint, uint32_t rows) {
  (void)rows;
  uint8_t *into = mp_packet(endpoint, &endpoint->rows, 0);
  if (into == NULL) return -EINVAL;
  struct sockaddr_nl from = {0};
  socklen_t size = sizeof from;
  size_t room = (size_t)*mp_cell(&endpoint->rows, MP_LENGTH, 0);
  ssize_t length = recvfrom(endpoint->fd, into, room, 0, (struct sockaddr *)&from, &size);
  if (length < 0) return errno == EAGAIN || errno == EINTR ? 0 : -errno;
  /* Other programs may write here too, if they have the rights. */
  *mp_cell(&endpoint->rows, MP_LENGTH, 0) = from.nl_pid == 0 ? (int32_t)length : 0;
  return 1;
}

static int32_t discard(mp_endpoint *endpoint) {
  (void)endpoint;
  return 0;
}

static uint32_t send_rows(mp_endpoint *endpoint, const mp_batch *batch, uint32_t rows) {
  uint32_t done = 0;
  for (; done < rows; done++) {
    const uint8_t *message = mp_packet(endpoint, batch, done);
    if (message == NULL || send(endpoint->fd, message, (size_t)*mp_cell(batch, MP_LENGTH, done), 0) < 0) break;
  }
  return done;
}

static void destroy(mp_endpoint *endpoint) { free(endpoint); }

static const mp_operations operations = {receive, discard, send_rows, destroy};

static mp_failure open_socket(int *fd) {
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = GROUPS};
  int bytes = BUFFER_BYTES;
  *fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (*fd < 0) return (mp_failure){"socket", errno};
  if (setsockopt(*fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0) {
    setsockopt(*fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  if (bind(*fd, (struct sockaddr *)&address, sizeof address) == 0) return (mp_failure){NULL, 0};
  mp_failure failure = {"bind", errno};
  close(*fd);
  return failure;
}

napi_value mp_netlink_open(napi_env env, napi_callback_info info) {
  napi_value config;
  size_t count = 1;
  if (!mp_ok(env, napi_get_cb_info(env, info, &count, &config, NULL, NULL))) return NULL;
  mp_endpoint *endpoint = calloc(1, sizeof *endpoint);
  if (endpoint == NULL) return mp_throw_failure(env, (mp_failure){"malloc", ENOMEM});
  endpoint->operations = &operations;
  mp_failure failure = open_socket(&endpoint->fd);
  if (failure.step == NULL) return mp_endpoint_attach(env, endpoint, config);
  free(endpoint);
  return mp_throw_failure(env, failure);
}

#else

napi_value mp_netlink_open(napi_env env, napi_callback_info info) {
  (void)info;
  return mp_throw_failure(env, (mp_failure){"netlink", ENOTSUP});
}

#endif
