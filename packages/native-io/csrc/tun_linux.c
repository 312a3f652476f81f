#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tun.h"

/* Since Linux 6.2, and so not in all headers. */
enum { MP_TUN_F_USO4 = 0x20, MP_TUN_F_USO6 = 0x40 };

/* The kernel refuses all of a set of which it does not know one. */
uint32_t mp_tun_ask_offloads(int fd, uint32_t wanted) {
  static const uint32_t giving_up[] = {0, MP_OFFLOAD_USO, MP_OFFLOAD_USO | MP_OFFLOAD_TSO};
  if ((wanted & MP_OFFLOAD_CHECKSUM) == 0) wanted &= ~(uint32_t)(MP_OFFLOAD_TSO | MP_OFFLOAD_USO);
  for (size_t i = 0; i < sizeof giving_up / sizeof *giving_up; i++) {
    uint32_t got = wanted & ~giving_up[i];
    unsigned long bits = got & MP_OFFLOAD_CHECKSUM ? TUN_F_CSUM : 0;
    if (got & MP_OFFLOAD_TSO) bits |= TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
    if (got & MP_OFFLOAD_USO) bits |= MP_TUN_F_USO4 | MP_TUN_F_USO6;
    if (ioctl(fd, TUNSETOFFLOAD, bits) == 0) return got;
  }
  return wanted & MP_OFFLOAD_COALESCE;
}

int mp_tun_open_device(char name[IFNAMSIZ], bool multi_queue, bool vnet, mp_failure *failure) {
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    *failure = (mp_failure){"/dev/net/tun", errno};
    return -1;
  }
  int flags = IFF_TUN | IFF_NO_PI | (multi_queue ? IFF_MULTI_QUEUE : 0) | (vnet ? IFF_VNET_HDR : 0);
  struct ifreq request = {.ifr_flags = (short)flags};
  memcpy(request.ifr_name, name, IFNAMSIZ);
  if (ioctl(fd, TUNSETIFF, &request) < 0) {
    *failure = (mp_failure){"TUNSETIFF", errno};
    close(fd);
    return -1;
  }
  memcpy(name, request.ifr_name, IFNAMSIZ);
  return fd;
}

#else
typedef int mp_not_linux;
#endif
