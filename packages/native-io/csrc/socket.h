/* What opening a socket of any kind takes. */
#ifndef MP_SOCKET_H
#define MP_SOCKET_H

#include <errno.h>

#include "address.h"
#include "value.h"

/* What the call named `step` left in errno. */
static inline mp_failure mp_failed(const char *step) { return (mp_failure){step, errno}; }

/* The address in the properties `names`, IP and port, of `config`. */
mp_failure mp_address_in(napi_env env, napi_value config, const char *names[2], int family, mp_address *into);
/* Has `fd` leave through the network interface in property `device` of `config`, if it names one, whatever the routing table says. */
mp_failure mp_bind_to_device(napi_env env, napi_value config, int fd, int family);
/* Marks all that is sent with property `mark` of `config`, unless it is 0, for routing rules and firewalls. */
mp_failure mp_set_mark(napi_env env, napi_value config, int fd);
/* An address as text. */
napi_value mp_address_value(napi_env env, const mp_address *address);

#endif
