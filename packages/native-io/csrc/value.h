/* Helpers over Node-API: reading an options object and throwing. */
#ifndef MP_VALUE_H
#define MP_VALUE_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What went wrong, and in which call. `step` is NULL when nothing did. */
typedef struct {
  const char *step;
  int code; /* errno */
} mp_failure;

enum { MP_ARGUMENTS = 4 };

/* False, with a JavaScript exception pending, when `status` is not napi_ok. */
bool mp_ok(napi_env env, napi_status status);
/* The arguments of a call, MP_ARGUMENTS of them; missing ones are undefined. As mp_ok. */
bool mp_arguments(napi_env env, napi_callback_info info, napi_value into[]);
/* Throws an Error with `syscall` and `errno` properties; src/errors.ts makes a text of it. */
napi_value mp_throw_failure(napi_env env, mp_failure failure);

/* Property `name` as an int; 0 when it is not a number. */
int32_t mp_int_of(napi_env env, napi_value object, const char *name);
/* Property `name` as text; false when it is not a string that fits. */
bool mp_text_of(napi_env env, napi_value object, const char *name, char *into, size_t size);
/* Memory of the typed array `value`, NULL when it is not of that type. `length` in elements. */
void *mp_array_of(napi_env env, napi_value value, napi_typedarray_type type, size_t *length);
napi_value mp_property(napi_env env, napi_value object, const char *name);
napi_value mp_int(napi_env env, int32_t number);
napi_value mp_text(napi_env env, const char *characters);

#endif
