#ifndef REF_TUN_H
#define REF_TUN_H

#include <linux/virtio_net.h>

#include "packet.h"

/* Kernel headers before 6.2 do not know segmentation of UDP. */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

typedef struct {
  int fd;
  bool uso; /* takes and gives several UDP datagrams at a time */
} ref_tun;

/* Makes the device. `offload`: with the virtio header and super-packets. Exits with a message when that fails. */
ref_tun ref_tun_open(const char *name, bool offload);

#endif
