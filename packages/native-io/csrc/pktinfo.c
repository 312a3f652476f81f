#include "pktinfo.h"

#include <string.h>

#ifdef __linux__

static const struct cmsghdr v4_header = {
    .cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo)), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
static const struct cmsghdr v6_header = {
    .cmsg_len = CMSG_LEN(sizeof(struct in6_pktinfo)), .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO};

bool mp_pktinfo_ask(int fd, int family) {
  int on = 1;
  if (family == AF_INET) return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0;
  return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) == 0;
}

static void read_v4(const struct in_pktinfo *info, mp_local *into) {
  /* Not ipi_addr, to which the packet was sent: that may be for all (broadcast), and nothing can be sent from it. */
  if (info->ipi_spec_dst.s_addr == htonl(INADDR_ANY)) return;
  into->ip.s6_addr[10] = 0xff;
  into->ip.s6_addr[11] = 0xff;
  memcpy(into->ip.s6_addr + 12, &info->ipi_spec_dst, 4);
}

static void read_v6(const struct in6_pktinfo *info, mp_local *into) {
  if (IN6_IS_ADDR_MULTICAST(&info->ipi6_addr)) return;
  into->ip = info->ipi6_addr;
  /* Only a link-local address needs its interface. With any other, routes decide, which may change. */
  if (IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr)) into->interface = info->ipi6_ifindex;
}

void mp_pktinfo_read(struct msghdr *message, mp_local *into) {
  *into = (mp_local){0};
  struct cmsghdr *header = CMSG_FIRSTHDR(message);
  for (; header != NULL; header = CMSG_NXTHDR(message, header)) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
      read_v4((const struct in_pktinfo *)CMSG_DATA(header), into);
    } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
      read_v6((const struct in6_pktinfo *)CMSG_DATA(header), into);
    }
  }
}

void mp_pktinfo_write(struct msghdr *message, mp_control *control, const mp_ends *ends) {
  const mp_local *local = &ends->local;
  if (IN6_IS_ADDR_UNSPECIFIED(&local->ip)) return;
  if (ends->remote.any.sa_family == AF_INET) {
    struct in_pktinfo *info = mp_control_add(message, control, &v4_header);
    *info = (struct in_pktinfo){0};
    memcpy(&info->ipi_spec_dst, local->ip.s6_addr + 12, 4);
  } else {
    struct in6_pktinfo *info = mp_control_add(message, control, &v6_header);
    *info = (struct in6_pktinfo){.ipi6_addr = local->ip, .ipi6_ifindex = local->interface};
  }
}

#else

bool mp_pktinfo_ask(int fd, int family) {
  (void)fd;
  (void)family;
  return false;
}

void mp_pktinfo_read(struct msghdr *message, mp_local *into) {
  (void)message;
  (void)into;
}

void mp_pktinfo_write(struct msghdr *message, mp_control *control, const mp_ends *ends) {
  (void)message;
  (void)control;
  (void)ends;
}

#endif
