#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tun.h"

int mp_tun_open_device(char name[IFNAMSIZ], bool multi_queue, mp_failure *failure) {
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    *failure = (mp_failure){"/dev/net/tun", errno};
    return -1;
  }
  struct ifreq request = {.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | (multi_queue ? IFF_MULTI_QUEUE : 0))};
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
