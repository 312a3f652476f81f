/* Words to a service manager. */
#ifndef MP_NOTIFY_H
#define MP_NOTIFY_H

#include <node_api.h>

/* notifyService(path, text): sends `text` as one datagram to a socket of the file system, or, after '@', to an abstract one. */
napi_value mp_notify_service(napi_env env, napi_callback_info info);

#endif
