#include "value.h"

bool mp_ok(napi_env env, napi_status status) {
  if (status == napi_ok) return true;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) return false;
  const napi_extended_error_info *info = NULL;
  napi_get_last_error_info(env, &info);
  const char *message = info != NULL && info->error_message != NULL ? info->error_message : "unknown error";
  napi_throw_error(env, NULL, message);
  return false;
}

bool mp_arguments(napi_env env, napi_callback_info info, napi_value into[]) {
  size_t count = MP_ARGUMENTS;
  return mp_ok(env, napi_get_cb_info(env, info, &count, into, NULL, NULL));
}

napi_value mp_throw_failure(napi_env env, mp_failure failure) {
  napi_value message, error;
  if (!mp_ok(env, napi_create_string_utf8(env, failure.step, NAPI_AUTO_LENGTH, &message))) return NULL;
  if (!mp_ok(env, napi_create_error(env, NULL, message, &error))) return NULL;
  if (!mp_ok(env, napi_set_named_property(env, error, "syscall", message))) return NULL;
  if (!mp_ok(env, napi_set_named_property(env, error, "errno", mp_int(env, failure.code)))) return NULL;
  napi_throw(env, error);
  return NULL;
}

napi_value mp_property(napi_env env, napi_value object, const char *name) {
  napi_value value = NULL;
  if (napi_get_named_property(env, object, name, &value) != napi_ok) return NULL;
  return value;
}

napi_value mp_int(napi_env env, int32_t number) {
  napi_value value = NULL;
  napi_create_int32(env, number, &value);
  return value;
}

napi_value mp_text(napi_env env, const char *characters) {
  napi_value value = NULL;
  napi_create_string_utf8(env, characters, NAPI_AUTO_LENGTH, &value);
  return value;
}

int32_t mp_int_of(napi_env env, napi_value object, const char *name) {
  int32_t number = 0;
  napi_value value = mp_property(env, object, name);
  if (value == NULL || napi_get_value_int32(env, value, &number) != napi_ok) return 0;
  return number;
}

bool mp_text_of(napi_env env, napi_value object, const char *name, char *into, size_t size) {
  size_t length = 0;
  napi_value value = mp_property(env, object, name);
  if (value == NULL || napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) return false;
  if (length >= size) return false;
  return napi_get_value_string_utf8(env, value, into, size, &length) == napi_ok;
}

void *mp_array_of(napi_env env, napi_value value, napi_typedarray_type type, size_t *length) {
  napi_typedarray_type found;
  void *data = NULL;
  if (value == NULL) return NULL;
  if (napi_get_typedarray_info(env, value, &found, length, &data, NULL, NULL) != napi_ok) return NULL;
  return found == type ? data : NULL;
}
