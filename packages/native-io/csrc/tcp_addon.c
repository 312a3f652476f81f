/* The calls of JavaScript that only TCP has. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "socket.h"
#include "tcp.h"

static mp_tcp *tcp_of_call(napi_env env, napi_callback_info info, napi_value args[MP_ARGUMENTS]) {
  mp_endpoint *endpoint = mp_arguments(env, info, args) ? mp_endpoint_of(env, args[0]) : NULL;
  mp_tcp *tcp = mp_tcp_of(endpoint);
  if (endpoint != NULL && tcp == NULL) napi_throw_type_error(env, NULL, "not a TCP connection");
  return tcp;
}

/* connectTcp(config): handle, writable when it is connected or has failed. */
napi_value mp_connect_tcp(napi_env env, napi_callback_info info) {
  napi_value args[MP_ARGUMENTS];
  mp_failure failure;
  if (!mp_arguments(env, info, args)) return NULL;
  mp_tcp *tcp = mp_tcp_open(env, args[0], &failure);
  if (tcp == NULL) return mp_throw_failure(env, failure);
  napi_value handle = mp_endpoint_attach(env, &tcp->base, args[0]);
  if (handle != NULL) mp_endpoint_want(&tcp->base, MP_UV_WRITABLE);
  return handle;
}

/* tcpConnected(handle, into): 0, and writes both addresses into `into`; or the errno that connecting failed with. */
napi_value mp_tcp_connected(napi_env env, napi_callback_info info) {
  napi_value args[MP_ARGUMENTS];
  mp_tcp *tcp = tcp_of_call(env, info, args);
  if (tcp == NULL) return NULL;
  int failure = 0;
  mp_address local, remote;
  socklen_t size = sizeof failure, local_size = sizeof local, remote_size = sizeof remote;
  getsockopt(tcp->base.fd, SOL_SOCKET, SO_ERROR, &failure, &size);
  if (failure != 0) return mp_int(env, failure);
  if (getsockname(tcp->base.fd, &local.any, &local_size) < 0) return mp_int(env, errno);
  if (getpeername(tcp->base.fd, &remote.any, &remote_size) < 0) return mp_int(env, errno);
  napi_set_named_property(env, args[1], "localAddress", mp_address_value(env, &local));
  napi_set_named_property(env, args[1], "remoteAddress", mp_address_value(env, &remote));
  return mp_int(env, 0);
}

/* endTcp(handle). */
napi_value mp_end_tcp(napi_env env, napi_callback_info info) {
  napi_value args[MP_ARGUMENTS];
  mp_tcp *tcp = tcp_of_call(env, info, args);
  if (tcp != NULL) mp_tcp_end(tcp);
  return NULL;
}

/* listenTcp(config): handle, readable when there is a connection. Writes localAddress into config. */
napi_value mp_listen_tcp(napi_env env, napi_callback_info info) {
  napi_value args[MP_ARGUMENTS];
  mp_failure failure;
  if (!mp_arguments(env, info, args)) return NULL;
  mp_endpoint *listener = mp_tcp_listen(env, args[0], &failure);
  if (listener == NULL) return mp_throw_failure(env, failure);
  mp_address local;
  socklen_t size = sizeof local;
  getsockname(listener->fd, &local.any, &size);
  napi_set_named_property(env, args[0], "localAddress", mp_address_value(env, &local));
  return mp_endpoint_attach(env, listener, args[0]);
}

/*
 * acceptTcp(handle): the descriptor of a connection, for connectTcp; -errno when there is none. After any other failure
 * than EAGAIN the listener is not polled before it is started anew: with no descriptors left it would be ready for ever.
 */
napi_value mp_accept_tcp(napi_env env, napi_callback_info info) {
  napi_value args[MP_ARGUMENTS];
  mp_endpoint *listener = mp_arguments(env, info, args) ? mp_endpoint_of(env, args[0]) : NULL;
  if (listener == NULL) return NULL;
  int fd;
  do fd = accept(listener->fd, NULL, NULL);
  while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (fd < 0) {
    int code = errno == EWOULDBLOCK ? EAGAIN : errno;
    if (code != EAGAIN) listener->wanted = 0;
    return mp_int(env, -code);
  }
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  return mp_int(env, fd);
}
