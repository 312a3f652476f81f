/* Numeric IP addresses with a port. */
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
bool mp_address_equal(const mp_address *a, const mp_address *b);
/* Depends on `seed`, so that a sender cannot choose addresses that collide. */
uint32_t mp_address_hash(const mp_address *address, uint64_t seed);

#endif
