#include "aead_evp.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

typedef struct evp_cipher_st evp_cipher;

/* From evp.h, the same in OpenSSL 1.1 and 3. */
enum { CTRL_GET_TAG = 0x10, CTRL_SET_TAG = 0x11 };
enum { OPEN = 0, SEAL = 1 };

static struct {
  mp_evp *(*ctx_new)(void);
  void (*ctx_free)(mp_evp *);
  int (*init)(mp_evp *, const evp_cipher *, void *engine, const uint8_t *key, const uint8_t *nonce, int direction);
  int (*update)(mp_evp *, uint8_t *out, int *out_length, const uint8_t *in, int length);
  int (*final)(mp_evp *, uint8_t *out, int *out_length);
  int (*ctrl)(mp_evp *, int type, int number, void *data);
  void (*forget_errors)(void);
} evp;

static const struct {
  const char *symbol;
  void *function; /* address of the pointer in `evp` */
} functions[] = {
    {"EVP_CIPHER_CTX_new", &evp.ctx_new}, {"EVP_CIPHER_CTX_free", &evp.ctx_free},
    {"EVP_CipherInit_ex", &evp.init},     {"EVP_CipherUpdate", &evp.update},
    {"EVP_CipherFinal_ex", &evp.final},   {"EVP_CIPHER_CTX_ctrl", &evp.ctrl},
    {"ERR_clear_error", &evp.forget_errors},
};

static struct {
  const char *name;   /* as in CipherName, and as OpenSSL 3 knows it */
  const char *symbol; /* what older ones have instead */
  const evp_cipher *cipher;
} ciphers[] = {
    {"aes-256-gcm", "EVP_aes_256_gcm", NULL},
    {"chacha20-poly1305", "EVP_chacha20_poly1305", NULL},
};
enum { CIPHERS = sizeof ciphers / sizeof *ciphers };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *missing; /* symbol that was not found */

/* Function pointers and void pointers convert by their bytes only, as far as C is concerned. */
static bool look_up(const char *symbol, void *function) {
  void *found = dlsym(RTLD_DEFAULT, symbol);
  memcpy(function, &found, sizeof found);
  return found != NULL;
}

/* Ciphers are fetched once and kept: fetching costs microseconds, and a getter's would be fetched again for each key. */
static void load(void) {
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    if (look_up(functions[i].symbol, functions[i].function)) continue;
    missing = functions[i].symbol;
    return;
  }
  evp_cipher *(*fetch)(void *library, const char *name, const char *properties);
  const evp_cipher *(*getter)(void);
  bool fetches = look_up("EVP_CIPHER_fetch", &fetch);
  for (int i = 0; i < CIPHERS; i++) {
    if (fetches)
      ciphers[i].cipher = fetch(NULL, ciphers[i].name, NULL);
    else if (look_up(ciphers[i].symbol, &getter))
      ciphers[i].cipher = getter();
  }
  evp.forget_errors();
}

static const evp_cipher *cipher_named(const char *name) {
  for (int i = 0; i < CIPHERS; i++) {
    if (strcmp(ciphers[i].name, name) == 0) return ciphers[i].cipher;
  }
  return NULL;
}

mp_evp *mp_evp_new(const char *cipher, const uint8_t key[MP_AEAD_KEY], const char **fault) {
  pthread_once(&once, load);
  *fault = missing;
  if (missing != NULL) return NULL;
  const evp_cipher *found = cipher_named(cipher);
  *fault = "the cipher";
  if (found == NULL) return NULL;
  mp_evp *context = evp.ctx_new();
  if (context != NULL && evp.init(context, found, NULL, key, NULL, SEAL) == 1) return context;
  *fault = "room for a key";
  mp_evp_free(context);
  evp.forget_errors();
  return NULL;
}

void mp_evp_free(mp_evp *context) {
  if (context != NULL) evp.ctx_free(context);
}

void mp_evp_forget_errors(void) { evp.forget_errors(); }

/* Nonce, associated data, then the rest in place. */
static bool run(mp_evp *context, const uint8_t *nonce, uint8_t *frame, int length, int direction) {
  int done;
  uint8_t *body = frame + MP_AEAD_CLEAR;
  return evp.init(context, NULL, NULL, NULL, nonce, direction) == 1 &&
         evp.update(context, NULL, &done, frame, MP_AEAD_CLEAR) == 1 &&
         (length == MP_AEAD_CLEAR || evp.update(context, body, &done, body, length - MP_AEAD_CLEAR) == 1);
}

bool mp_evp_seal(mp_evp *context, const uint8_t nonce[MP_AEAD_NONCE], uint8_t *frame, int length) {
  int done;
  uint8_t *tag = frame + length;
  return run(context, nonce, frame, length, SEAL) && evp.final(context, tag, &done) == 1 &&
         evp.ctrl(context, CTRL_GET_TAG, MP_AEAD_TAG, tag) == 1;
}

bool mp_evp_open(mp_evp *context, const uint8_t nonce[MP_AEAD_NONCE], uint8_t *frame, int length) {
  int done;
  uint8_t nothing[MP_AEAD_TAG];
  uint8_t *tag = frame + length - MP_AEAD_TAG;
  /* The tag may be set before or after the data, and what was decrypted counts only once `final` has agreed. */
  return run(context, nonce, frame, length - MP_AEAD_TAG, OPEN) &&
         evp.ctrl(context, CTRL_SET_TAG, MP_AEAD_TAG, tag) == 1 && evp.final(context, nothing, &done) == 1;
}
