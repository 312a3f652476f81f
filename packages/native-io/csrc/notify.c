#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "value.h"

enum { TEXT_BYTES = 1024 };

static mp_failure notify(const char *path, const char *text) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if (length == 0 || length >= sizeof to.sun_path) return (mp_failure){"sendto", ENAMETOOLONG};
  memcpy(to.sun_path, path, length);
  if (path[0] == '@') to.sun_path[0] = '\0';
  int descriptor = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (descriptor < 0) return (mp_failure){"socket", errno};
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  ssize_t sent = sendto(descriptor, text, strlen(text), 0, (const struct sockaddr *)&to, size);
  mp_failure failure = sent < 0 ? (mp_failure){"sendto", errno} : (mp_failure){0};
  close(descriptor);
  return failure;
}

napi_value mp_notify_service(napi_env env, napi_callback_info info) {
  napi_value args[2];
  size_t count = 2, length = 0;
  char path[sizeof(((struct sockaddr_un *)0)->sun_path) + 1], text[TEXT_BYTES];
  if (!mp_ok(env, napi_get_cb_info(env, info, &count, args, NULL, NULL))) return NULL;
  if (!mp_ok(env, napi_get_value_string_utf8(env, args[0], path, sizeof path, &length))) return NULL;
  if (!mp_ok(env, napi_get_value_string_utf8(env, args[1], text, sizeof text, &length))) return NULL;
  mp_failure failure = notify(path, text);
  return failure.step == NULL ? NULL : mp_throw_failure(env, failure);
}
