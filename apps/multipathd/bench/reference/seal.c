#include "seal.h"

#include <stdlib.h>
#include <string.h>

#ifdef REF_CRYPTO

#include <openssl/evp.h>

struct ref_seal {
  EVP_CIPHER_CTX *out, *in;
};

bool ref_seal_available(void) { return true; }

/* A key for measurements only: what is sent is known to all anyway. */
static EVP_CIPHER_CTX *context(const EVP_CIPHER *cipher, bool sealing, uint8_t direction) {
  uint8_t key[32];
  memset(key, 0x40 + direction, sizeof key);
  EVP_CIPHER_CTX *made = EVP_CIPHER_CTX_new();
  if (EVP_CipherInit_ex(made, cipher, NULL, key, NULL, sealing) != 1) abort();
  return made;
}

ref_seal *ref_seal_new(const char *name, bool server) {
  const EVP_CIPHER *cipher = NULL;
  if (strcmp(name, "aes-256-gcm") == 0) cipher = EVP_aes_256_gcm();
  if (strcmp(name, "chacha20-poly1305") == 0) cipher = EVP_chacha20_poly1305();
  if (cipher == NULL) return NULL;
  ref_seal *seal = malloc(sizeof *seal);
  seal->out = context(cipher, true, server);
  seal->in = context(cipher, false, !server);
  return seal;
}

/* The number of the frame stands in the last 8 bytes of its header. */
static bool begin(EVP_CIPHER_CTX *context, const uint8_t *frame) {
  uint8_t nonce[12] = {0};
  int done;
  memcpy(nonce + 4, frame + 8, 8);
  return EVP_CipherInit_ex(context, NULL, NULL, NULL, nonce, -1) == 1 &&
         EVP_CipherUpdate(context, NULL, &done, frame, REF_FRAME_BYTES) == 1;
}

void ref_seal_frame(ref_seal *seal, uint8_t *frame, size_t length) {
  uint8_t *packet = frame + REF_FRAME_BYTES;
  int done;
  if (begin(seal->out, frame) && EVP_CipherUpdate(seal->out, packet, &done, packet, (int)(length - REF_FRAME_BYTES)) == 1 &&
      EVP_CipherFinal_ex(seal->out, packet + done, &done) == 1 &&
      EVP_CIPHER_CTX_ctrl(seal->out, EVP_CTRL_AEAD_GET_TAG, REF_TAG_BYTES, frame + length) == 1)
    return;
  abort();
}

bool ref_open_frame(ref_seal *seal, uint8_t *frame, size_t length) {
  uint8_t *packet = frame + REF_FRAME_BYTES;
  int done, bytes = (int)length - REF_FRAME_BYTES - REF_TAG_BYTES;
  if (bytes <= 0) return false;
  return begin(seal->in, frame) && EVP_CipherUpdate(seal->in, packet, &done, packet, bytes) == 1 &&
         EVP_CIPHER_CTX_ctrl(seal->in, EVP_CTRL_AEAD_SET_TAG, REF_TAG_BYTES, packet + bytes) == 1 &&
         EVP_CipherFinal_ex(seal->in, packet + done, &done) == 1;
}

#else

bool ref_seal_available(void) { return false; }
ref_seal *ref_seal_new(const char *name, bool server) {
  (void)name, (void)server;
  return NULL;
}
void ref_seal_frame(ref_seal *seal, uint8_t *frame, size_t length) { (void)seal, (void)frame, (void)length; }
bool ref_open_frame(ref_seal *seal, uint8_t *frame, size_t length) {
  (void)seal, (void)frame, (void)length;
  return false;
}

#endif
