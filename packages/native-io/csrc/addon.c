/*
 * What JavaScript sees: functions over endpoints, keys and the process. src/binding.ts declares them; nothing here is
 * for others. Arguments are checked as far as memory safety asks for it; the texts people read are made in TypeScript.
 */
#include "aead.h"
#include "notify.h"
#include "netlink.h"
#include "privileges.h"
#include "socket.h"
#include "tcp.h"
#include "tun.h"
#include "udp.h"

static mp_endpoint *endpoint_of_call(napi_env env, napi_callback_info info, napi_value into[MP_ARGUMENTS]) {
  return mp_arguments(env, info, into) ? mp_endpoint_of(env, into[0]) : NULL;
}

/* Sockets only: the endpoint of a call, NULL with an exception pending. */
static mp_udp *udp_of_call(napi_env env, napi_callback_info info, napi_value into[MP_ARGUMENTS]) {
  mp_endpoint *endpoint = endpoint_of_call(env, info, into);
  mp_udp *udp = mp_udp_of(endpoint);
  if (endpoint != NULL && udp == NULL) napi_throw_type_error(env, NULL, "not a socket");
  return udp;
}

static uint32_t uint_of(napi_env env, napi_value value) {
  int32_t number = 0;
  napi_get_value_int32(env, value, &number);
  return number > 0 ? (uint32_t)number : 0;
}

/* openUdp(config): handle. Writes localAddress and what was got of buffers, offloads and DF into config. */
static napi_value open_udp(napi_env env, napi_callback_info info) {
  napi_value args[MP_ARGUMENTS];
  if (!mp_arguments(env, info, args)) return NULL;
  mp_failure failure;
  mp_udp_facts facts = {0};
  mp_udp *udp = mp_udp_open(env, args[0], &failure, &facts);
  if (udp == NULL) return mp_throw_failure(env, failure);
  napi_set_named_property(env, args[0], "localAddress", mp_address_value(env, &facts.local));
  napi_set_named_property(env, args[0], "receiveBytes", mp_int(env, facts.receive_bytes));
  napi_set_named_property(env, args[0], "sendBytes", mp_int(env, facts.send_bytes));
  napi_set_named_property(env, args[0], "gso", mp_int(env, udp->offloads.gso));
  napi_set_named_property(env, args[0], "gro", mp_int(env, udp->offloads.gro));
  napi_set_named_property(env, args[0], "dontFragment", mp_int(env, udp->whole));
  if (udp->offloads.reason != NULL) {
    napi_set_named_property(env, args[0], "offloadReason", mp_text(env, udp->offloads.reason));
  }
  return mp_endpoint_attach(env, &udp->base, args[0]);
}

/* openTun(config): handle. Writes the name and the offloads it got into config. */
static napi_value open_tun(napi_env env, napi_callback_info info) {
  napi_value args[MP_ARGUMENTS];
  if (!mp_arguments(env, info, args)) return NULL;
  mp_failure failure;
  mp_tun *tun = mp_tun_open(env, args[0], &failure);
  if (tun == NULL) return mp_throw_failure(env, failure);
  napi_set_named_property(env, args[0], "name", mp_text(env, tun->name));
  napi_set_named_property(env, args[0], "offloads", mp_int(env, tun->vnet == NULL ? 0 : (int32_t)tun->vnet->offloads));
  if (tun->reason != NULL) napi_set_named_property(env, args[0], "offloadReason", mp_text(env, tun->reason));
  return mp_endpoint_attach(env, &tun->base, args[0]);
}

/* start(handle): onReady is called from now on. */
static napi_value start(napi_env env, napi_callback_info info) {
  napi_value args[MP_ARGUMENTS];
  mp_endpoint *endpoint = endpoint_of_call(env, info, args);
  if (endpoint != NULL) mp_endpoint_want(endpoint, MP_UV_READABLE);
  return NULL;
}

/* close(handle). */
static napi_value close_endpoint(napi_env env, napi_callback_info info) {
  napi_value args[MP_ARGUMENTS];
  mp_endpoint *endpoint = endpoint_of_call(env, info, args);
  if (endpoint != NULL) mp_endpoint_close(endpoint);
  return NULL;
}

/* receive(handle, rows): rows filled, or -errno. With 0 rows a bounded number of packets is dropped. */
static napi_value receive(napi_env env, napi_callback_info info) {
  napi_value args[MP_ARGUMENTS];
  mp_endpoint *endpoint = endpoint_of_call(env, info, args);
  if (endpoint == NULL) return NULL;
  return mp_int(env, mp_endpoint_receive(endpoint, uint_of(env, args[1])));
}

/* The table that is sent from, from now on: JavaScript keeps it until it names another one. */
static void take_table(napi_env env, mp_endpoint *endpoint, napi_value table) {
  size_t words = 0;
  endpoint->outgoing.table = mp_array_of(env, table, napi_int32_array, &words);
  endpoint->outgoing.capacity = (uint32_t)(words / MP_COLUMNS);
}

/* send(handle, rows, table?): rows done with. Without a table from that of the call before: to look at one takes long. */
static napi_value send_batch(napi_env env, napi_callback_info info) {
  napi_value args[3];
  size_t count = 3;
  if (!mp_ok(env, napi_get_cb_info(env, info, &count, args, NULL, NULL))) return NULL;
  mp_endpoint *endpoint = mp_endpoint_of(env, args[0]);
  if (endpoint == NULL) return NULL;
  if (count == 3) take_table(env, endpoint, args[2]);
  uint32_t rows = uint_of(env, args[1]);
  if (endpoint->outgoing.table == NULL || rows > endpoint->outgoing.capacity) {
    napi_throw_range_error(env, NULL, "the batch has fewer rows than its count says");
    return NULL;
  }
  endpoint->state[MP_STATE_EVENTS] = 0;
  endpoint->state[MP_STATE_BLOCKED] = 0;
  return mp_int(env, (int32_t)endpoint->operations->send(endpoint, &endpoint->outgoing, rows));
}

/* peer(handle, ip, port): number, -1 when there is no room, -2 when it is no address of the socket's family. */
static napi_value peer(napi_env env, napi_callback_info info) {
  napi_value args[MP_ARGUMENTS];
  mp_udp *udp = udp_of_call(env, info, args);
  if (udp == NULL) return NULL;
  char ip[MP_ADDRESS_TEXT];
  size_t length;
  if (!mp_ok(env, napi_get_value_string_utf8(env, args[1], ip, sizeof ip, &length))) return NULL;
  mp_ends ends = {0};
  if (!mp_address_parse(ip, (uint16_t)uint_of(env, args[2]), udp->family, &ends.remote)) return mp_int(env, -2);
  int32_t number = mp_peers_number(&udp->peers, &ends, (uint32_t)udp->base.state[MP_STATE_GUARD]);
  udp->base.state[MP_STATE_PEERS] = (int32_t)udp->peers.count;
  return mp_int(env, number);
}

/* peerAddress(handle, peer): text, or undefined when the number is not in use. */
static napi_value peer_address(napi_env env, napi_callback_info info) {
  napi_value args[MP_ARGUMENTS];
  mp_udp *udp = udp_of_call(env, info, args);
  int32_t number = -1;
  if (udp == NULL || napi_get_value_int32(env, args[1], &number) != napi_ok) return NULL;
  const mp_peer *entry = mp_peers_at(&udp->peers, number);
  return entry == NULL ? NULL : mp_address_value(env, &entry->ends.remote);
}

/* overflowed(handle): messages that found the buffer of the socket full. */
static napi_value overflowed(napi_env env, napi_callback_info info) {
  napi_value args[MP_ARGUMENTS], result = NULL;
  mp_udp *udp = udp_of_call(env, info, args);
  if (udp == NULL) return NULL;
  napi_create_uint32(env, mp_udp_overflowed(udp), &result);
  return result;
}

/* pin(handle, peer, more): whether that was possible. */
static napi_value pin(napi_env env, napi_callback_info info) {
  napi_value args[MP_ARGUMENTS], result = NULL;
  mp_udp *udp = udp_of_call(env, info, args);
  int32_t number = -1;
  bool more = false;
  if (udp == NULL || napi_get_value_int32(env, args[1], &number) != napi_ok) return NULL;
  napi_get_value_bool(env, args[2], &more);
  napi_get_boolean(env, mp_peers_pin(&udp->peers, number, more), &result);
  return result;
}

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"openUdp", open_udp},
      {"openTun", open_tun},
      {"connectTcp", mp_connect_tcp},
      {"tcpConnected", mp_tcp_connected},
      {"endTcp", mp_end_tcp},
      {"listenTcp", mp_listen_tcp},
      {"acceptTcp", mp_accept_tcp},
      {"openNetlink", mp_netlink_open},
      {"start", start},
      {"close", close_endpoint},
      {"receive", receive},
      {"send", send_batch},
      {"peer", peer},
      {"peerAddress", peer_address},
      {"pin", pin},
      {"overflowed", overflowed},
      {"aeadKey", mp_aead_key},
      {"aeadSeal", mp_aead_seal},
      {"aeadOpen", mp_aead_open},
      {"aeadWipe", mp_aead_wipe},
      {"dropPrivileges", mp_drop_privileges},
      {"notifyService", mp_notify_service},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    const char *name = functions[i].name;
    if (!mp_ok(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function)) ||
        !mp_ok(env, napi_set_named_property(env, exports, name, function))) {
      return NULL;
    }
  }
  return exports;
}
