#include <arpa/inet.h>
#include <errno.h>
#include <sys/uio.h>

#include "checksum.h"
#include "coalesce.h"

static ssize_t write_parts(int fd, mp_vnet_header *header, struct iovec *parts, int count) {
  parts[0] = (struct iovec){header, MP_VNET_HEADER};
  ssize_t written;
  do written = writev(fd, parts, count);
  while (written < 0 && errno == EINTR);
  return written;
}

static void begin_checksum(mp_vnet_header *header, const mp_inner *inner) {
  header->flags = MP_VNET_NEEDS_CHECKSUM;
  header->checksum_start = inner->ip_bytes;
  header->checksum_offset = (uint16_t)(inner->checksum_at - inner->ip_bytes);
}

/* One packet. The kernel finishes a checksum that is begun, if it said that it does; else we do. */
static ssize_t write_single(mp_endpoint *endpoint, const mp_vnet *vnet, const mp_batch *batch, uint32_t row) {
  uint8_t *packet = mp_packet(endpoint, batch, row);
  size_t length = (size_t)*mp_cell(batch, MP_LENGTH, row);
  mp_vnet_header header = {0};
  if ((*mp_cell(batch, MP_FLAGS, row) & MP_FLAG_PARTIAL) != 0) {
    mp_inner inner;
    if (!mp_inner_read(packet, length, &inner)) {
      errno = EINVAL;
      return -1;
    }
    if (vnet->offloads & MP_OFFLOAD_CHECKSUM) {
      begin_checksum(&header, &inner);
    } else {
      mp_checksum_complete(packet, length, inner.ip_bytes, inner.checksum_at);
      /* Not again when the device does not take it now. */
      *mp_cell(batch, MP_FLAGS, row) &= ~MP_FLAG_PARTIAL;
    }
  }
  struct iovec parts[2] = {[1] = {packet, length}};
  return write_parts(endpoint->fd, &header, parts, 2);
}

static uint8_t gso_type(const mp_inner *inner) {
  if (inner->protocol == IPPROTO_UDP) return MP_GSO_UDP;
  return inner->version == 4 ? MP_GSO_TCP4 : MP_GSO_TCP6;
}

/* Makes the headers of the first packet those of the whole run. */
static void head_run(uint8_t *packet, const mp_run *run, const uint8_t *last) {
  const mp_inner *inner = &run->inner;
  mp_inner_set_length(packet, inner, run->length);
  mp_checksum_ip(packet, inner);
  if (inner->protocol == IPPROTO_TCP) {
    packet[inner->ip_bytes + MP_TCP_FLAGS] |= last[inner->ip_bytes + MP_TCP_FLAGS] & MP_TCP_PSH;
  }
  uint64_t sum = mp_pseudo_sum(packet, inner) + htons((uint16_t)(run->length - inner->ip_bytes));
  uint16_t begun = mp_fold(sum);
  memcpy(packet + inner->checksum_at, &begun, sizeof begun);
}

static ssize_t write_run(mp_endpoint *endpoint, const mp_batch *batch, uint32_t row, const mp_run *run) {
  struct iovec parts[MP_VNET_PARTS];
  uint8_t *first = mp_packet(endpoint, batch, row), headers[MP_MAX_HEADERS];
  const mp_inner *inner = &run->inner;
  parts[1] = (struct iovec){first, (size_t)*mp_cell(batch, MP_LENGTH, row)};
  for (uint32_t at = 1; at < run->rows; at++) {
    size_t payload = (size_t)*mp_cell(batch, MP_LENGTH, row + at) - inner->header_bytes;
    parts[1 + at] = (struct iovec){mp_packet(endpoint, batch, row + at) + inner->header_bytes, payload};
  }
  mp_vnet_header header = {
      .gso_type = gso_type(inner),
      .header_bytes = inner->header_bytes,
      .segment_bytes = (uint16_t)run->segment_bytes,
  };
  begin_checksum(&header, inner);
  memcpy(headers, first, inner->header_bytes);
  head_run(first, run, mp_packet(endpoint, batch, row + run->rows - 1));
  ssize_t written = write_parts(endpoint->fd, &header, parts, (int)run->rows + 1);
  /* Not taken: each packet is itself again. */
  if (written < 0) memcpy(first, headers, inner->header_bytes);
  return written;
}

int32_t mp_vnet_write(mp_endpoint *endpoint, mp_vnet *vnet, const mp_batch *batch, uint32_t row, uint32_t rows) {
  mp_run run;
  bool udp = (vnet->offloads & MP_OFFLOAD_USO) != 0;
  if ((vnet->offloads & MP_OFFLOAD_COALESCE) == 0 || !mp_run_find(&run, endpoint, batch, row, rows, udp)) run.rows = 1;
  if (run.rows > 1) {
    if (write_run(endpoint, batch, row, &run) >= 0) return (int32_t)run.rows;
    if (errno != EINVAL && errno != EIO && errno != EMSGSIZE) return -1;
    /* Alone they may do; if the device is down, the first one says so. */
    if (write_single(endpoint, vnet, batch, row) < 0) return -1;
    vnet->offloads &= ~(uint32_t)MP_OFFLOAD_COALESCE;
    endpoint->state[MP_STATE_OFFLOADS] = (int32_t)vnet->offloads;
    return 1;
  }
  return write_single(endpoint, vnet, batch, row) < 0 ? -1 : 1;
}
