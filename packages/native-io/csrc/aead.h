/* Keys that seal and open whole batches of frames in place: the calls of src/aead.ts. */
#ifndef MP_AEAD_H
#define MP_AEAD_H

#include <node_api.h>

/* aeadKey(cipher, key): handle. The bytes of `key` are copied. Throws an Error that says what is missing. */
napi_value mp_aead_key(napi_env env, napi_callback_info info);
/* aeadSeal(handle, arena, table, from, to, pathId, firstCounter): rows sealed. All others get length 0. */
napi_value mp_aead_seal(napi_env env, napi_callback_info info);
/* aeadOpen(handle, arena, table, from, to, counters): rows that were authentic. All others get length 0. */
napi_value mp_aead_open(napi_env env, napi_callback_info info);
/* aeadWipe(handle): overwrites the key; the handle is of no more use. */
napi_value mp_aead_wipe(napi_env env, napi_callback_info info);

#endif
