#ifdef __APPLE__

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/kern_control.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tun.h"

/* From net/if_utun.h and sys/sys_domain.h, which not every SDK has. */
#define MP_UTUN_CONTROL "com.apple.net.utun_control"
enum { MP_UTUN_OPT_IFNAME = 2, MP_SYSPROTO_CONTROL = 2, MP_AF_SYS_CONTROL = 2 };

/* The kernel's unit is one more than the number in the name; 0 lets it choose. */
static bool unit_of(const char *name, uint32_t *unit) {
  char rest;
  *unit = 0;
  if (name[0] == '\0') return true;
  if (sscanf(name, "utun%u%c", unit, &rest) != 1) return false;
  *unit += 1;
  return true;
}

static bool connect_to(int fd, uint32_t unit) {
  struct ctl_info info = {.ctl_name = MP_UTUN_CONTROL};
  if (ioctl(fd, CTLIOCGINFO, &info) < 0) return false;
  struct sockaddr_ctl address = {
      .sc_len = sizeof address,
      .sc_family = AF_SYSTEM,
      .ss_sysaddr = MP_AF_SYS_CONTROL,
      .sc_id = info.ctl_id,
      .sc_unit = unit,
  };
  return connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
}

uint32_t mp_tun_ask_offloads(int fd, uint32_t wanted) {
  (void)fd;
  (void)wanted;
  return 0;
}

int mp_tun_open_device(char name[IFNAMSIZ], bool multi_queue, bool vnet, mp_failure *failure) {
  (void)vnet;
  uint32_t unit;
  if (multi_queue || !unit_of(name, &unit)) {
    *failure = (mp_failure){"utun", EINVAL};
    return -1;
  }
  int fd = socket(PF_SYSTEM, SOCK_DGRAM, MP_SYSPROTO_CONTROL);
  socklen_t size = IFNAMSIZ;
  if (fd >= 0 && connect_to(fd, unit) &&
      getsockopt(fd, MP_SYSPROTO_CONTROL, MP_UTUN_OPT_IFNAME, name, &size) == 0) {
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
  }
  *failure = (mp_failure){"utun", errno};
  if (fd >= 0) close(fd);
  return -1;
}

#else
typedef int mp_not_darwin;
#endif
