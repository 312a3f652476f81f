#include "tun.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static void need(bool done, const char *what) {
  if (done) return;
  perror(what);
  exit(1);
}

ref_tun ref_tun_open(const char *name, bool offload) {
  ref_tun tun = {.fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)};
  need(tun.fd >= 0, "/dev/net/tun");
  struct ifreq request = {.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | (offload ? IFF_VNET_HDR : 0))};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  need(ioctl(tun.fd, TUNSETIFF, &request) == 0, "TUNSETIFF");
  if (!offload) return tun;
  int header = sizeof(struct virtio_net_hdr);
  need(ioctl(tun.fd, TUNSETVNETHDRSZ, &header) == 0, "TUNSETVNETHDRSZ");
  unsigned long tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
  tun.uso = ioctl(tun.fd, TUNSETOFFLOAD, tcp | TUN_F_USO4 | TUN_F_USO6) == 0;
  if (!tun.uso) need(ioctl(tun.fd, TUNSETOFFLOAD, tcp) == 0, "TUNSETOFFLOAD");
  return tun;
}
