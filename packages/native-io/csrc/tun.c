#include "tun.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * Reads one packet of up to `room` bytes. The byte behind it tells a packet that just fits from one that was cut.
 * Returns its length, room + 1 when it was cut, or -1.
 */
static ssize_t read_packet(int fd, uint8_t *packet, size_t room) {
  uint8_t prefix[4], surplus;
  struct iovec parts[] = {{prefix, MP_TUN_PREFIX_BYTES}, {packet, room}, {&surplus, sizeof surplus}};
  ssize_t length = readv(fd, parts, 3);
  return length < MP_TUN_PREFIX_BYTES ? -1 : length - MP_TUN_PREFIX_BYTES;
}

static ssize_t write_packet(int fd, uint8_t *packet, size_t length) {
#ifdef __APPLE__
  uint32_t family = htonl(length > 0 && packet[0] >> 4 == 6 ? AF_INET6 : AF_INET);
  struct iovec parts[] = {{&family, MP_TUN_PREFIX_BYTES}, {packet, length}};
  return writev(fd, parts, 2);
#else
  return write(fd, packet, length);
#endif
}

/* EAGAIN: nothing more to read. EINTR: the event loop comes back. All others: the device is gone. */
static int32_t on_read_error(int code) {
  if (code == EAGAIN || code == EWOULDBLOCK || code == EINTR) return 0;
#ifdef EBADFD
  if (code == EBADFD) return -ENODEV; /* deleted; the name that Linux gives to it, only Linux knows */
#endif
  return -code;
}

static int32_t receive(mp_endpoint *endpoint, uint32_t rows) {
  const mp_batch *batch = &endpoint->rows;
  uint32_t kept = 0;
  int32_t failure = 0;
  for (uint32_t reads = 0; reads < rows; reads++) {
    uint8_t *packet = mp_packet(endpoint, batch, kept);
    if (packet == NULL) break;
    size_t room = (size_t)*mp_cell(batch, MP_LENGTH, kept);
    ssize_t length = read_packet(endpoint->fd, packet, room);
    if (length < 0) {
      failure = on_read_error(errno);
      break;
    }
    if ((size_t)length > room) {
      mp_count(endpoint, MP_DROP_TOO_BIG);
      continue;
    }
    *mp_cell(batch, MP_LENGTH, kept) = (int32_t)length;
    endpoint->counters[MP_RX_BYTES] += (double)length;
    kept++;
  }
  mp_clear_columns(batch, MP_PEER, kept);
  endpoint->counters[MP_RX_PACKETS] += kept;
  /* Packets first: the failure is still there at the next read. */
  return kept > 0 ? (int32_t)kept : failure;
}

static int32_t discard(mp_endpoint *endpoint) {
  for (int i = 0; i < MP_DISCARD_PACKETS; i++) {
    uint8_t byte;
    if (read_packet(endpoint->fd, &byte, 0) < 0) return on_read_error(errno);
    mp_count(endpoint, MP_DROP_POOL_EMPTY);
  }
  return 0;
}

/* The counter for a packet that the kernel did not take; -1 when it may take it later. */
static int drop_of(int code) {
  switch (code) {
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
      return -1;
    case EINVAL: /* neither IPv4 nor IPv6 */
      return MP_DROP_MALFORMED;
    case EMSGSIZE:
      return MP_DROP_TOO_BIG;
    default: /* EIO: not up; EBADFD: deleted */
      return MP_DROP_TUN_DOWN;
  }
}

static uint32_t write_rows(mp_endpoint *endpoint, const mp_batch *batch, uint32_t rows) {
  uint32_t row = 0;
  while (row < rows) {
    size_t length = (size_t)*mp_cell(batch, MP_LENGTH, row);
    uint8_t *packet = mp_packet(endpoint, batch, row);
    int drop = MP_DROP_OUTSIDE_ARENA;
    if (packet != NULL) {
      if (write_packet(endpoint->fd, packet, length) >= 0) {
        mp_count(endpoint, MP_TX_PACKETS);
        endpoint->counters[MP_TX_BYTES] += (double)length;
        row++;
        continue;
      }
      if (errno == EINTR) continue;
      drop = drop_of(errno);
      if (drop < 0) {
        endpoint->state[MP_STATE_BLOCKED] = errno;
        break;
      }
    }
    mp_count(endpoint, drop);
    row++;
  }
  return row;
}

static void destroy(mp_endpoint *endpoint) { free(endpoint); }

const mp_operations mp_tun_operations = {receive, discard, write_rows, destroy};

/* Any socket will do to speak to the system about interfaces. */
static mp_failure set_mtu(const char *name, int32_t mtu_bytes) {
  mp_failure failure = {NULL, 0};
  struct ifreq request = {.ifr_mtu = mtu_bytes};
  memcpy(request.ifr_name, name, sizeof request.ifr_name);
  int control = socket(AF_INET, SOCK_DGRAM, 0);
  if (control < 0 || ioctl(control, SIOCSIFMTU, &request) < 0) failure = (mp_failure){"mtu", errno};
  if (control >= 0) close(control);
  return failure;
}

mp_tun *mp_tun_open(napi_env env, napi_value config, mp_failure *failure) {
  mp_tun *tun = calloc(1, sizeof *tun);
  *failure = (mp_failure){"malloc", ENOMEM};
  if (tun == NULL) return NULL;
  tun->base.operations = &mp_tun_operations;
  mp_text_of(env, config, "name", tun->name, sizeof tun->name);
  *failure = (mp_failure){NULL, 0};
  tun->base.fd = mp_tun_open_device(tun->name, mp_int_of(env, config, "multiQueue") != 0, failure);
  if (failure->step == NULL) *failure = set_mtu(tun->name, mp_int_of(env, config, "mtuBytes"));
  if (failure->step == NULL) return tun;
  if (tun->base.fd >= 0) close(tun->base.fd);
  free(tun);
  return NULL;
}
