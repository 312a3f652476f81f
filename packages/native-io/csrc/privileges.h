/* Leaves root for a user without rights, for good. */
#ifndef MP_PRIVILEGES_H
#define MP_PRIVILEGES_H

#include <node_api.h>

/* dropPrivileges(user, keepNetRaw). Throws what the system refuses; the process is of no more use then. */
napi_value mp_drop_privileges(napi_env env, napi_callback_info info);

#endif
