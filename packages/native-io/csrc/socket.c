#include "socket.h"

#include <net/if.h>
#include <string.h>

mp_failure mp_address_in(napi_env env, napi_value config, const char *names[2], int family, mp_address *into) {
  char ip[MP_ADDRESS_TEXT];
  if (!mp_text_of(env, config, names[0], ip, sizeof ip)) return (mp_failure){names[0], EINVAL};
  uint16_t port = (uint16_t)mp_int_of(env, config, names[1]);
  if (!mp_address_parse(ip, port, family, into)) return (mp_failure){names[0], EAFNOSUPPORT};
  return (mp_failure){NULL, 0};
}

mp_failure mp_bind_to_device(napi_env env, napi_value config, int fd, int family) {
  char device[IFNAMSIZ];
  if (!mp_text_of(env, config, "device", device, sizeof device)) return (mp_failure){NULL, 0};
#ifdef __linux__
  (void)family;
  if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) < 0) return mp_failed("device");
#else
  unsigned index = if_nametoindex(device);
  if (index == 0) return (mp_failure){"device", ENODEV};
  int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
  int option = family == AF_INET ? IP_BOUND_IF : IPV6_BOUND_IF;
  if (setsockopt(fd, level, option, &index, sizeof index) < 0) return mp_failed("device");
#endif
  return (mp_failure){NULL, 0};
}

mp_failure mp_set_mark(napi_env env, napi_value config, int fd) {
  uint32_t mark = (uint32_t)mp_int_of(env, config, "mark");
  if (mark == 0) return (mp_failure){NULL, 0};
#ifdef __linux__
  if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) < 0) return mp_failed("mark");
  return (mp_failure){NULL, 0};
#else
  (void)fd;
  return (mp_failure){"mark", ENOTSUP};
#endif
}

napi_value mp_address_value(napi_env env, const mp_address *address) {
  char characters[MP_ADDRESS_TEXT];
  mp_address_format(address, characters);
  return mp_text(env, characters);
}
