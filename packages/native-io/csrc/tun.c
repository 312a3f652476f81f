#include "tun.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "checksum.h"
#include "tun_selftest.h"

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

static int32_t receive_super(mp_endpoint *endpoint, mp_vnet *vnet, uint32_t rows) {
  uint32_t offloads = vnet->offloads;
  int32_t received = mp_vnet_receive(endpoint, vnet, rows);
  int code = errno;
  /* It had reason to give some up: the kernel has to know, too. */
  if (vnet->offloads != offloads) mp_tun_ask_offloads(endpoint->fd, vnet->offloads);
  return received < 0 ? on_read_error(code) : received;
}

static int32_t receive(mp_endpoint *endpoint, uint32_t rows) {
  mp_vnet *vnet = ((mp_tun *)endpoint)->vnet;
  if (vnet != NULL) return receive_super(endpoint, vnet, rows);
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
  mp_clear_columns(batch, MP_PEER, MP_COLUMNS, kept);
  endpoint->counters[MP_RX_PACKETS] += kept;
  /* Packets first: the failure is still there at the next read. */
  return kept > 0 ? (int32_t)kept : failure;
}

/* Reads what is next and forgets it. Returns how many packets that stood for, or -1. */
static int32_t discard_next(mp_tun *tun) {
  uint8_t nothing;
  if (tun->vnet != NULL) return mp_vnet_discard(tun->base.fd);
  return read_packet(tun->base.fd, &nothing, 0) < 0 ? -1 : 1;
}

static int32_t discard(mp_endpoint *endpoint) {
  for (int i = 0; i < MP_DISCARD_PACKETS; i++) {
    int32_t packets = discard_next((mp_tun *)endpoint);
    if (packets < 0) return on_read_error(errno);
    endpoint->counters[MP_DROP_POOL_EMPTY] += packets;
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

/* A device without headers cannot be told that a checksum is begun only. */
static int32_t write_whole(mp_endpoint *endpoint, const mp_batch *batch, uint32_t row) {
  size_t length = (size_t)*mp_cell(batch, MP_LENGTH, row);
  uint8_t *packet = mp_packet(endpoint, batch, row);
  if ((*mp_cell(batch, MP_FLAGS, row) & MP_FLAG_PARTIAL) != 0) {
    mp_inner inner;
    errno = EINVAL;
    if (!mp_inner_read(packet, length, &inner)) return -1;
    mp_checksum_complete(packet, length, inner.ip_bytes, inner.checksum_at);
    *mp_cell(batch, MP_FLAGS, row) &= ~MP_FLAG_PARTIAL;
  }
  ssize_t written;
  do written = write_packet(endpoint->fd, packet, length);
  while (written < 0 && errno == EINTR);
  return written < 0 ? -1 : 1;
}

static void count_written(mp_endpoint *endpoint, const mp_batch *batch, uint32_t row, uint32_t rows) {
  endpoint->counters[MP_TX_PACKETS] += rows;
  for (uint32_t end = row + rows; row < end; row++) {
    endpoint->counters[MP_TX_BYTES] += (double)*mp_cell(batch, MP_LENGTH, row);
  }
}

static uint32_t write_rows(mp_endpoint *endpoint, const mp_batch *batch, uint32_t rows) {
  mp_vnet *vnet = ((mp_tun *)endpoint)->vnet;
  uint32_t row = 0;
  while (row < rows) {
    int drop = MP_DROP_OUTSIDE_ARENA;
    if (mp_packet(endpoint, batch, row) != NULL) {
      int32_t written = vnet != NULL ? mp_vnet_write(endpoint, vnet, batch, row, rows) : write_whole(endpoint, batch, row);
      if (written > 0) {
        count_written(endpoint, batch, row, (uint32_t)written);
        row += (uint32_t)written;
        continue;
      }
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

static void destroy(mp_endpoint *endpoint) {
  free(((mp_tun *)endpoint)->vnet);
  free(endpoint);
}

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

static mp_failure set_up(napi_env env, napi_value config, mp_tun *tun) {
  mp_failure failure = {NULL, 0};
  uint32_t wanted = (uint32_t)mp_int_of(env, config, "offloads") & MP_OFFLOAD_ALL;
  bool vnet = MP_TUN_HAS_VNET && wanted != 0;
  if (vnet && (tun->vnet = calloc(1, sizeof *tun->vnet)) == NULL) return (mp_failure){"malloc", ENOMEM};
  if (vnet) {
    mp_tun_verdict verdict = mp_tun_selftest(wanted);
    wanted &= ~verdict.broken;
    tun->reason = verdict.reason;
  }
  tun->base.fd = mp_tun_open_device(tun->name, mp_int_of(env, config, "multiQueue") != 0, vnet, &failure);
  if (failure.step != NULL) return failure;
  if (vnet) {
    tun->vnet->offloads = mp_tun_ask_offloads(tun->base.fd, wanted);
    tun->vnet->takes_partial = mp_int_of(env, config, "partialChecksums") != 0;
  }
  return set_mtu(tun->name, mp_int_of(env, config, "mtuBytes"));
}

mp_tun *mp_tun_open(napi_env env, napi_value config, mp_failure *failure) {
  mp_tun *tun = calloc(1, sizeof *tun);
  *failure = (mp_failure){"malloc", ENOMEM};
  if (tun == NULL) return NULL;
  tun->base.operations = &mp_tun_operations;
  tun->base.fd = -1;
  mp_text_of(env, config, "name", tun->name, sizeof tun->name);
  *failure = set_up(env, config, tun);
  if (failure->step == NULL) return tun;
  if (tun->base.fd >= 0) close(tun->base.fd);
  destroy(&tun->base);
  return NULL;
}
