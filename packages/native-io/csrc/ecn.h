/*
 * The ECN field of the IP header of datagrams (RFC 3168): a sender says that the packet inside understands marks, and a
 * router marks instead of dropping. Linux only, elsewhere nothing is said and nothing seen.
 */
#ifndef MP_ECN_H
#define MP_ECN_H

#include <stdbool.h>
#include <stdint.h>

#include "address.h"
#include "control.h"

/* Has the kernel tell the field of what `fd` receives. */
bool mp_ecn_ask(int fd, int family);
/* The field of a received message; all its datagrams have the same. */
int32_t mp_ecn_read(struct msghdr *message);
/* Sends a message to `remote` with this field. */
void mp_ecn_write(struct msghdr *message, mp_control *control, const mp_address *remote, int32_t ecn);

#endif
