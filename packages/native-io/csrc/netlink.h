/* A socket of the kernel's routing netlink: it tells of interfaces, addresses and routes. Linux only. */
#ifndef MP_NETLINK_H
#define MP_NETLINK_H

#include <node_api.h>

/*
 * openNetlink(config): handle. A row of its batch is one datagram of messages as the kernel wrote them, which
 * src/netlink reads: a slip there is an exception and no hole. What is sent goes to the kernel.
 */
napi_value mp_netlink_open(napi_env env, napi_callback_info info);

#endif
