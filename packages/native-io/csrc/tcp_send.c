/*
 * Sending: frames stay where they are, and their lengths go in front of them as parts of their own. Of a frame that the
 * kernel takes only the front of, the rest is copied, so that its slot is free; it leaves before anything else.
 */
#include <errno.h>
#include <time.h>

#include "tcp.h"
#include "tcp_options.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* What may be unsent: as much as leaves in this time, within bounds. */
enum { UNSENT_MS = 4, MIN_UNSENT_BYTES = 8 * 1024, MAX_UNSENT_BYTES = 1024 * 1024 };
/* The bound is looked at anew this often, ms. */
enum { SIZE_AGAIN_MS = 20 };

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void mp_tcp_bound_unsent(mp_tcp *tcp) {
  int64_t now = now_ms();
  if (tcp->sized_ms != 0 && now - tcp->sized_ms < SIZE_AGAIN_MS) return;
  tcp->sized_ms = now;
  uint64_t bytes = mp_tcp_delivery_rate(tcp->base.fd) * UNSENT_MS / 1000;
  if (bytes < MIN_UNSENT_BYTES) bytes = MIN_UNSENT_BYTES;
  if (bytes > MAX_UNSENT_BYTES) bytes = MAX_UNSENT_BYTES;
  mp_tcp_set_unsent(tcp->base.fd, (int32_t)bytes);
}

/* Sending stopped. A connection that failed is readable, and receive tells why. */
static void block(mp_tcp *tcp, int code) {
  tcp->base.state[MP_STATE_BLOCKED] = code;
  if (code == EAGAIN || code == EWOULDBLOCK || code == ENOBUFS) {
    mp_tcp_bound_unsent(tcp); /* here the connection is busy, so that its rate says what it carries */
    mp_endpoint_want(&tcp->base, MP_UV_WRITABLE);
  } else if (tcp->failure == 0) {
    tcp->failure = code;
  }
}

/* Gives `parts` to the kernel. Returns the bytes it took, 0 when sending stopped. */
static size_t give(mp_tcp *tcp, struct iovec *parts, size_t count) {
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
  ssize_t sent;
  do sent = sendmsg(tcp->base.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0) block(tcp, errno);
  return sent < 0 ? 0 : (size_t)sent;
}

/* Whether nothing of an earlier frame is left to send. */
static bool flush_tail(mp_tcp *tcp) {
  while (tcp->tail_at < tcp->tail_end) {
    struct iovec part = {tcp->tail + tcp->tail_at, tcp->tail_end - tcp->tail_at};
    size_t sent = give(tcp, &part, 1);
    if (sent == 0) return false;
    tcp->tail_at += (uint32_t)sent;
  }
  tcp->tail_at = tcp->tail_end = 0;
  return true;
}

/* Makes parts of the rows from `row` on, up to one that cannot be sent. Returns how many rows. */
static uint32_t prepare(mp_tcp *tcp, const mp_batch *batch, uint32_t row, uint32_t rows) {
  uint32_t count = 0;
  for (; row < rows && count < tcp->vectors; row++, count++) {
    uint32_t length = (uint32_t)*mp_cell(batch, MP_LENGTH, row);
    uint8_t *frame = mp_packet(&tcp->base, batch, row);
    if (frame == NULL || length == 0 || length > tcp->max_frame) break;
    tcp->lengths[count][0] = (uint8_t)(length >> 8);
    tcp->lengths[count][1] = (uint8_t)length;
    tcp->parts[2 * count] = (struct iovec){tcp->lengths[count], MP_LENGTH_BYTES};
    tcp->parts[2 * count + 1] = (struct iovec){frame, length};
  }
  return count;
}

/* Copies what is left of frame `index` after its first `done` bytes, length included. */
static void keep_tail(mp_tcp *tcp, uint32_t index, size_t done) {
  for (uint32_t part = 2 * index; part < 2 * index + 2; part++) {
    struct iovec *each = &tcp->parts[part];
    size_t skipped = done < each->iov_len ? done : each->iov_len;
    memcpy(tcp->tail + tcp->tail_end, (uint8_t *)each->iov_base + skipped, each->iov_len - skipped);
    tcp->tail_end += (uint32_t)(each->iov_len - skipped);
    done -= skipped;
  }
}

/* How many of `count` frames are done with after `sent` bytes of them. */
static uint32_t settle(mp_tcp *tcp, uint32_t count, size_t sent) {
  for (uint32_t index = 0; index < count; index++) {
    size_t length = tcp->parts[2 * index + 1].iov_len;
    if (sent == 0) return index;
    mp_count(&tcp->base, MP_TX_PACKETS);
    tcp->base.counters[MP_TX_BYTES] += (double)length;
    if (sent < MP_LENGTH_BYTES + length) {
      keep_tail(tcp, index, sent);
      return index + 1;
    }
    sent -= MP_LENGTH_BYTES + length;
  }
  return count;
}

uint32_t mp_tcp_send(mp_endpoint *endpoint, const mp_batch *batch, uint32_t rows) {
  mp_tcp *tcp = (mp_tcp *)endpoint;
  uint32_t row = 0;
  bool open = flush_tail(tcp);
  if (open && tcp->ending) mp_tcp_end(tcp);
  while (open && row < rows) {
    uint32_t count = prepare(tcp, batch, row, rows);
    if (count == 0) {
      mp_count(endpoint, MP_DROP_OUTSIDE_ARENA);
      row++;
      continue;
    }
    row += settle(tcp, count, give(tcp, tcp->parts, 2 * count));
    mp_count(endpoint, MP_TX_MESSAGES);
    open = endpoint->state[MP_STATE_BLOCKED] == 0 && flush_tail(tcp);
  }
  endpoint->state[MP_STATE_BACKLOG] = (int32_t)(tcp->tail_end - tcp->tail_at);
  return row;
}

void mp_tcp_end(mp_tcp *tcp) {
  tcp->ending = true;
  if (tcp->tail_at == tcp->tail_end) shutdown(tcp->base.fd, SHUT_WR);
}
