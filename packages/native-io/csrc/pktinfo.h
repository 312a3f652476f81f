/*
 * Control messages that name the local address of a datagram (RFC 3542 for IPv6). A socket bound to all addresses of
 * the machine must answer from the very one it was asked at: NATs and connected sockets drop answers from another.
 *
 * Linux only. Elsewhere mp_pktinfo_ask is false and the kernel chooses by its routing table: Darwin has other options
 * for IPv4 (IP_RECVDSTADDR), and nobody has tried them here.
 */
#ifndef MP_PKTINFO_H
#define MP_PKTINFO_H

#include <sys/socket.h>

#include "address.h"
#include "control.h"

/* Has received datagrams carry one from now on. False where that cannot be. */
bool mp_pktinfo_ask(int fd, int family);
/*
 * Where a received message was sent to; all zeros when it does not say, or was sent to a multicast group. At [::] an
 * IPv4 broadcast is not told apart: answers to it fail.
 */
void mp_pktinfo_read(struct msghdr *message, mp_local *into);
/* Has `message`, which goes to `ends`, leave from their local address, if there is one. Writes into `control`. */
void mp_pktinfo_write(struct msghdr *message, mp_control *control, const mp_ends *ends);

#endif
