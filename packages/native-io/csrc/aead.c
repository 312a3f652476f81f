#include "aead.h"

#include <stdlib.h>

#include "aead_evp.h"
#include "batch.h"
#include "value.h"

enum { MAX_ARGUMENTS = 7, MAX_CIPHER_NAME = 32 };

/* What a JavaScript handle holds. */
typedef struct {
  mp_evp *evp; /* NULL once the key was wiped */
} mp_key;

/* One call: rows from..to-1 of a batch whose frames lie in the arena. */
typedef struct {
  mp_evp *evp;
  uint8_t *arena;
  size_t arena_bytes;
  mp_batch batch;
  uint32_t from, to;
} mp_run;

static const double COUNTER_LIMIT = 9007199254740992.0; /* 2^53: doubles count exactly up to here */

/* False for what is no counter, which a double may well be. */
static bool write_nonce(uint8_t nonce[MP_AEAD_NONCE], uint32_t path, double counter) {
  if (!(counter >= 0 && counter < COUNTER_LIMIT)) return false;
  uint64_t number = (uint64_t)counter;
  if ((double)number != counter) return false;
  for (int i = 0; i < 4; i++) nonce[i] = (uint8_t)(path >> (24 - 8 * i));
  for (int i = 0; i < 8; i++) nonce[4 + i] = (uint8_t)(number >> (56 - 8 * i));
  return true;
}

/* The frame in `row`, if it has at least `least` bytes and `behind` more follow in the arena; else NULL. */
static uint8_t *frame_at(const mp_run *run, uint32_t row, int32_t *length, int32_t least, int32_t behind) {
  int64_t offset = *mp_cell(&run->batch, MP_OFFSET, row);
  *length = *mp_cell(&run->batch, MP_LENGTH, row);
  bool inside = offset >= 0 && *length >= least && (uint64_t)(offset + *length + behind) <= run->arena_bytes;
  return inside ? run->arena + offset : NULL;
}

static uint32_t seal_rows(const mp_run *run, uint32_t path, double first_counter) {
  uint32_t sealed = 0;
  for (uint32_t row = run->from; row < run->to; row++) {
    uint8_t nonce[MP_AEAD_NONCE];
    int32_t length;
    uint8_t *frame = frame_at(run, row, &length, MP_AEAD_CLEAR, MP_AEAD_TAG);
    bool done = frame != NULL && write_nonce(nonce, path, first_counter + (row - run->from)) &&
                mp_evp_seal(run->evp, nonce, frame, length);
    *mp_cell(&run->batch, MP_LENGTH, row) = done ? length + MP_AEAD_TAG : 0;
    sealed += done;
  }
  return sealed;
}

static uint32_t open_rows(const mp_run *run, const double *counters) {
  uint32_t opened = 0;
  for (uint32_t row = run->from; row < run->to; row++) {
    uint8_t nonce[MP_AEAD_NONCE];
    int32_t length;
    uint8_t *frame = frame_at(run, row, &length, MP_AEAD_CLEAR + MP_AEAD_TAG, 0);
    bool done = frame != NULL &&
                write_nonce(nonce, (uint32_t)*mp_cell(&run->batch, MP_PATH, row), counters[row]) &&
                mp_evp_open(run->evp, nonce, frame, length);
    *mp_cell(&run->batch, MP_LENGTH, row) = done ? length - MP_AEAD_TAG : 0;
    opened += done;
  }
  return opened;
}

/* Takes up to MAX_ARGUMENTS arguments, and the key that the first one is; NULL with an exception pending. */
static mp_key *key_of_call(napi_env env, napi_callback_info info, napi_value args[MAX_ARGUMENTS]) {
  size_t count = MAX_ARGUMENTS;
  void *key = NULL;
  if (!mp_ok(env, napi_get_cb_info(env, info, &count, args, NULL, NULL))) return NULL;
  if (napi_get_value_external(env, args[0], &key) == napi_ok && key != NULL) return key;
  napi_throw_type_error(env, NULL, "not a key");
  return NULL;
}

/* The arguments (handle, arena, table, from, to, …); false with an exception pending. */
static bool run_of_call(napi_env env, napi_callback_info info, napi_value args[MAX_ARGUMENTS], mp_run *run) {
  mp_key *key = key_of_call(env, info, args);
  if (key == NULL) return false;
  size_t words = 0;
  run->evp = key->evp;
  run->arena = mp_array_of(env, args[1], napi_uint8_array, &run->arena_bytes);
  run->batch.table = mp_array_of(env, args[2], napi_int32_array, &words);
  run->batch.capacity = (uint32_t)(words / MP_COLUMNS);
  bool complete = key->evp != NULL && run->arena != NULL && run->batch.table != NULL &&
                  napi_get_value_uint32(env, args[3], &run->from) == napi_ok &&
                  napi_get_value_uint32(env, args[4], &run->to) == napi_ok && run->to <= run->batch.capacity;
  if (!complete) napi_throw_range_error(env, NULL, "no key, no arena, or fewer rows than asked for");
  return complete;
}

/* What failed rows left behind is cleared once per call, since most calls have none. */
static napi_value done(napi_env env, const mp_run *run, uint32_t rows) {
  if (run->from + rows < run->to) mp_evp_forget_errors();
  return mp_int(env, (int32_t)rows);
}

napi_value mp_aead_seal(napi_env env, napi_callback_info info) {
  napi_value args[MAX_ARGUMENTS];
  mp_run run;
  uint32_t path = 0;
  double first_counter = -1;
  if (!run_of_call(env, info, args, &run)) return NULL;
  if (!mp_ok(env, napi_get_value_uint32(env, args[5], &path))) return NULL;
  if (!mp_ok(env, napi_get_value_double(env, args[6], &first_counter))) return NULL;
  return done(env, &run, seal_rows(&run, path, first_counter));
}

napi_value mp_aead_open(napi_env env, napi_callback_info info) {
  napi_value args[MAX_ARGUMENTS];
  mp_run run;
  if (!run_of_call(env, info, args, &run)) return NULL;
  size_t count = 0;
  const double *counters = mp_array_of(env, args[5], napi_float64_array, &count);
  if (counters == NULL || count < run.to) {
    napi_throw_range_error(env, NULL, "fewer counters than rows");
    return NULL;
  }
  return done(env, &run, open_rows(&run, counters));
}

static void wipe(mp_key *key) {
  mp_evp_free(key->evp);
  key->evp = NULL;
}

static void on_finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  wipe(data);
  free(data);
}

napi_value mp_aead_wipe(napi_env env, napi_callback_info info) {
  napi_value args[MAX_ARGUMENTS];
  mp_key *key = key_of_call(env, info, args);
  if (key != NULL) wipe(key);
  return NULL;
}

static mp_evp *evp_of(napi_env env, napi_value name, napi_value bytes, const char **fault) {
  char cipher[MAX_CIPHER_NAME];
  size_t length = 0;
  *fault = "a cipher and a key of 32 bytes";
  if (napi_get_value_string_utf8(env, name, cipher, sizeof cipher, &length) != napi_ok) return NULL;
  const uint8_t *key = mp_array_of(env, bytes, napi_uint8_array, &length);
  return key != NULL && length == MP_AEAD_KEY ? mp_evp_new(cipher, key, fault) : NULL;
}

napi_value mp_aead_key(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value args[2], value;
  if (!mp_ok(env, napi_get_cb_info(env, info, &count, args, NULL, NULL))) return NULL;
  const char *fault;
  mp_evp *evp = evp_of(env, args[0], args[1], &fault);
  if (evp == NULL) {
    napi_throw_error(env, NULL, fault);
    return NULL;
  }
  mp_key *key = malloc(sizeof *key);
  if (key != NULL) {
    key->evp = evp;
    if (napi_create_external(env, key, on_finalize, NULL, &value) == napi_ok) return value;
  }
  mp_evp_free(evp);
  free(key);
  napi_throw_error(env, NULL, "room for a key");
  return NULL;
}
