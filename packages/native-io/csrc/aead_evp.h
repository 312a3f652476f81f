/*
 * AEAD ciphers of OpenSSL, one frame at a time.
 *
 * Every node binary carries OpenSSL and exports its EVP functions, but its headers are not part of node-api-headers:
 * the few that are needed are declared by hand and looked up when the first key is made. A program without them (or
 * with a library that has no such cipher) gets a text that says so instead of a key.
 */
#ifndef MP_AEAD_EVP_H
#define MP_AEAD_EVP_H

#include <stdbool.h>
#include <stdint.h>

enum { MP_AEAD_KEY = 32, MP_AEAD_NONCE = 12, MP_AEAD_TAG = 16, MP_AEAD_CLEAR = 8 };

/* A context of OpenSSL that holds a key; between frames only the nonce changes. */
typedef struct evp_cipher_ctx_st mp_evp;

/* A keyed context for `cipher`, named as in CipherName; NULL, with the reason in `fault`, when there can be none. */
mp_evp *mp_evp_new(const char *cipher, const uint8_t key[MP_AEAD_KEY], const char **fault);
/* Overwrites the key and frees. NULL is allowed. */
void mp_evp_free(mp_evp *evp);

/* Encrypts the `length` >= 8 bytes of `frame` behind the clear ones in place and writes the tag behind them. */
bool mp_evp_seal(mp_evp *evp, const uint8_t nonce[MP_AEAD_NONCE], uint8_t *frame, int length);
/* The reverse; `length` >= 24 includes the tag. False when the frame is not authentic. */
bool mp_evp_open(mp_evp *evp, const uint8_t nonce[MP_AEAD_NONCE], uint8_t *frame, int length);
/* Forgets what failures left in OpenSSL's error queue, where TLS would take it for its own. */
void mp_evp_forget_errors(void);

#endif
