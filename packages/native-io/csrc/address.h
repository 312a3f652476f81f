/* Numeric IP addresses with a port, and pairs of them. */
#ifndef MP_ADDRESS_H
#define MP_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} mp_address;

/* An address of this machine without a port: which one a datagram was sent to, and is to be answered from. */
typedef struct {
  struct in6_addr ip; /* IPv4 in its mapped form; all zeros where the kernel chooses */
  uint32_t interface; /* of a link-local address, else 0 */
} mp_local;

/* The two ends of what goes to and fro. */
typedef struct {
  mp_address remote;
  mp_local local;
} mp_ends;

/* "[", an IPv6 address with scope, "]:", a port. */
enum { MP_ADDRESS_TEXT = 96 };

static inline socklen_t mp_address_size(const mp_address *address) {
  return address->any.sa_family == AF_INET ? sizeof address->v4 : sizeof address->v6;
}

/*
 * Reads a numeric address, scope ("fe80::1%eth0") included. `family` AF_INET6 turns IPv4 into its mapped form,
 * AF_UNSPEC takes what comes. False when it is no address or not of that family.
 */
bool mp_address_parse(const char *ip, uint16_t port, int family, mp_address *into);
/* Writes `ip:port` or `[ip]:port`; mapped IPv4 as IPv4. */
void mp_address_format(const mp_address *address, char into[MP_ADDRESS_TEXT]);
/* Whether it stands for all addresses of the machine. */
bool mp_address_any(const mp_address *address);

bool mp_ends_equal(const mp_ends *a, const mp_ends *b);
/* Depends on `seed`, so that a sender cannot choose addresses that collide. */
uint32_t mp_ends_hash(const mp_ends *ends, uint64_t seed);

#endif
