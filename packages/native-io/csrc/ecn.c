#include "ecn.h"

#include <string.h>

#ifdef __linux__

enum { FIELD = 3 };

static const struct cmsghdr v4_header = {
    .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_TOS};
static const struct cmsghdr v6_header = {
    .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_TCLASS};

/* A socket on [::] has the options of both families. */
bool mp_ecn_ask(int fd, int family) {
  int on = 1;
  if (setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof on) < 0) return false;
  return family == AF_INET || setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof on) == 0;
}

int32_t mp_ecn_read(struct msghdr *message) {
  struct cmsghdr *header = CMSG_FIRSTHDR(message);
  for (; header != NULL; header = CMSG_NXTHDR(message, header)) {
    /* One byte, where the field is that of IPv4. */
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_TOS) return *CMSG_DATA(header) & FIELD;
    if (header->cmsg_level != IPPROTO_IPV6 || header->cmsg_type != IPV6_TCLASS) continue;
    int traffic_class;
    memcpy(&traffic_class, CMSG_DATA(header), sizeof traffic_class);
    return traffic_class & FIELD;
  }
  return 0;
}

/* What a socket of IPv6 sends to a mapped address is IPv4 and takes the field from there. */
static bool is_v4(const mp_address *remote) {
  return remote->any.sa_family == AF_INET || IN6_IS_ADDR_V4MAPPED(&remote->v6.sin6_addr);
}

void mp_ecn_write(struct msghdr *message, mp_control *control, const mp_address *remote, int32_t ecn) {
  int value = ecn;
  memcpy(mp_control_add(message, control, is_v4(remote) ? &v4_header : &v6_header), &value, sizeof value);
}

#else

bool mp_ecn_ask(int fd, int family) {
  (void)fd;
  (void)family;
  return false;
}

int32_t mp_ecn_read(struct msghdr *message) {
  (void)message;
  return 0;
}

void mp_ecn_write(struct msghdr *message, mp_control *control, const mp_address *remote, int32_t ecn) {
  (void)message;
  (void)control;
  (void)remote;
  (void)ecn;
}

#endif
