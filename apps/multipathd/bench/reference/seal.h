/* Seals and opens frames in place with the EVP interface of libcrypto. */
#ifndef REF_SEAL_H
#define REF_SEAL_H

#include "packet.h"

typedef struct ref_seal ref_seal;

/* Whether this program was built with libcrypto. */
bool ref_seal_available(void);

/* `server`: which of the two directions is the own one. NULL for a cipher that is not known. */
ref_seal *ref_seal_new(const char *cipher, bool server);

/* `frame`: header and plain packet of `length` bytes in all; the tag is written behind them. */
void ref_seal_frame(ref_seal *seal, uint8_t *frame, size_t length);

/* `length`: of header, packet and tag. False for what is not authentic. */
bool ref_open_frame(ref_seal *seal, uint8_t *frame, size_t length);

#endif
