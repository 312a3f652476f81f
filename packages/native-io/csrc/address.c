#include "address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

static void map_to_v6(mp_address *address) {
  struct sockaddr_in v4 = address->v4;
  memset(address, 0, sizeof *address);
#ifdef __APPLE__
  address->v6.sin6_len = sizeof address->v6;
#endif
  address->v6.sin6_family = AF_INET6;
  address->v6.sin6_port = v4.sin_port;
  address->v6.sin6_addr.s6_addr[10] = 0xff;
  address->v6.sin6_addr.s6_addr[11] = 0xff;
  memcpy(address->v6.sin6_addr.s6_addr + 12, &v4.sin_addr, 4);
}

bool mp_address_parse(const char *ip, uint16_t port, int family, mp_address *into) {
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};
  struct addrinfo *found = NULL;
  if (getaddrinfo(ip, NULL, &hints, &found) != 0) return false;
  bool fits = found->ai_addrlen <= sizeof *into;
  memset(into, 0, sizeof *into);
  if (fits) memcpy(into, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  if (!fits) return false;
  if (family == AF_INET6 && into->any.sa_family == AF_INET) map_to_v6(into);
  if (into->any.sa_family == AF_INET)
    into->v4.sin_port = htons(port);
  else
    into->v6.sin6_port = htons(port);
  return family == AF_UNSPEC || into->any.sa_family == family;
}

void mp_address_format(const mp_address *address, char into[MP_ADDRESS_TEXT]) {
  char ip[64] = "";
  if (address->any.sa_family == AF_INET) {
    inet_ntop(AF_INET, &address->v4.sin_addr, ip, sizeof ip);
    snprintf(into, MP_ADDRESS_TEXT, "%s:%u", ip, ntohs(address->v4.sin_port));
  } else if (IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr)) {
    inet_ntop(AF_INET, address->v6.sin6_addr.s6_addr + 12, ip, sizeof ip);
    snprintf(into, MP_ADDRESS_TEXT, "%s:%u", ip, ntohs(address->v6.sin6_port));
  } else {
    /* getnameinfo, unlike inet_ntop, writes the scope of a link-local address. */
    getnameinfo(&address->any, sizeof address->v6, ip, sizeof ip, NULL, 0, NI_NUMERICHOST);
    snprintf(into, MP_ADDRESS_TEXT, "[%s]:%u", ip, ntohs(address->v6.sin6_port));
  }
}

bool mp_address_any(const mp_address *address) {
  if (address->any.sa_family == AF_INET) return address->v4.sin_addr.s_addr == htonl(INADDR_ANY);
  return IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
}

static bool same_address(const mp_address *a, const mp_address *b) {
  if (a->any.sa_family != b->any.sa_family) return false;
  if (a->any.sa_family == AF_INET) {
    return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
  }
  return a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
         memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
}

bool mp_ends_equal(const mp_ends *a, const mp_ends *b) {
  return same_address(&a->remote, &b->remote) && a->local.interface == b->local.interface &&
         memcmp(&a->local.ip, &b->local.ip, sizeof a->local.ip) == 0;
}

/* One round of multiply and fold. */
static uint64_t mix(uint64_t state, uint64_t word) {
  state = (state ^ word) * 0x9e3779b97f4a7c15u;
  return state ^ (state >> 29);
}

static uint64_t mix_ip(uint64_t state, const struct in6_addr *ip) {
  uint64_t words[2];
  memcpy(words, ip, sizeof words);
  return mix(mix(state, words[0]), words[1]);
}

uint32_t mp_ends_hash(const mp_ends *ends, uint64_t seed) {
  const mp_address *remote = &ends->remote;
  uint64_t state = mix_ip(seed, &ends->local.ip);
  if (remote->any.sa_family == AF_INET) {
    state = mix(state, (uint64_t)remote->v4.sin_addr.s_addr << 16 | remote->v4.sin_port);
  } else {
    state = mix(state, (uint64_t)remote->v6.sin6_scope_id << 16 | remote->v6.sin6_port);
    state = mix_ip(state, &remote->v6.sin6_addr);
  }
  return (uint32_t)(mix(state, seed) >> 32);
}
