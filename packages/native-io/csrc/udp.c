#include "udp.h"

#include <errno.h>
#include <stdlib.h>

/*
 * Prepares one message for each row, each with room for both addresses.
 * Returns how many there are: a row outside of the arena ends it.
 */
static uint32_t prepare_receive(mp_udp *udp, uint32_t rows) {
  const mp_batch *batch = &udp->base.rows;
  uint32_t count = 0;
  for (; count < rows; count++) {
    uint8_t *packet = mp_packet(&udp->base, batch, count);
    if (packet == NULL) break;
    udp->packets[count] = (struct iovec){packet, (size_t)*mp_cell(batch, MP_LENGTH, count)};
    udp->messages[count].msg_hdr = (struct msghdr){
        .msg_name = &udp->ends[count].remote,
        .msg_namelen = sizeof udp->ends[count].remote,
        .msg_iov = &udp->packets[count],
        .msg_iovlen = 1,
        .msg_control = udp->told ? &udp->controls[count] : NULL,
        .msg_controllen = udp->told ? sizeof udp->controls[count] : 0,
    };
  }
  return count;
}

/* The number of a datagram's sender; -1, and counted, for one that is dropped. */
static int32_t accept_datagram(mp_udp *udp, uint32_t index) {
  mp_endpoint *base = &udp->base;
  if (udp->messages[index].msg_hdr.msg_flags & MSG_TRUNC) {
    mp_count(base, MP_DROP_TOO_BIG);
    return -1;
  }
  if (udp->told) mp_pktinfo_read(&udp->messages[index].msg_hdr, &udp->ends[index].local);
  uint32_t guard = (uint32_t)base->state[MP_STATE_GUARD];
  int32_t number = mp_peers_number(&udp->peers, &udp->ends[index], guard);
  if (number < 0) {
    mp_count(base, MP_DROP_PEERS_FULL);
  } else {
    mp_peers_at(&udp->peers, number)->guard = guard;
  }
  return number;
}

/* Turns what arrived into rows 0..n-1; slots of dropped datagrams stay behind them. */
static int32_t collect(mp_udp *udp, uint32_t received) {
  mp_endpoint *base = &udp->base;
  uint32_t kept = 0;
  mp_clear_columns(&base->rows, MP_PEER, received);
  for (uint32_t index = 0; index < received; index++) {
    int32_t peer = accept_datagram(udp, index);
    if (peer < 0) continue;
    if (kept != index) mp_swap_slots(&base->rows, kept, index);
    *mp_cell(&base->rows, MP_LENGTH, kept) = (int32_t)udp->messages[index].msg_len;
    *mp_cell(&base->rows, MP_PEER, kept) = peer;
    base->counters[MP_RX_BYTES] += udp->messages[index].msg_len;
    kept++;
  }
  base->counters[MP_RX_PACKETS] += kept;
  base->state[MP_STATE_PEERS] = (int32_t)udp->peers.count;
  return (int32_t)kept;
}

/*
 * An error of receiving is news of an earlier send, and only a connected socket gets any: the error was taken off
 * the socket by reporting it. Nothing that a UDP socket reports is the end of it.
 */
static int32_t on_receive_error(mp_udp *udp, int code) {
  if (code == EBADF || code == ENOTSOCK) return -code;
  if (udp->connected && code != EAGAIN && code != EWOULDBLOCK && code != EINTR) mp_note_event(&udp->base, 0, code);
  return 0;
}

static int32_t receive(mp_endpoint *endpoint, uint32_t rows) {
  mp_udp *udp = (mp_udp *)endpoint;
  uint32_t most = mp_peers_room(&udp->peers);
  if (most == 0 || most > udp->vectors) most = udp->vectors;
  uint32_t count = prepare_receive(udp, rows < most ? rows : most);
  if (count == 0) return 0;
  int received = mp_recvmmsg(endpoint->fd, udp->messages, count);
  return received < 0 ? on_receive_error(udp, errno) : collect(udp, (uint32_t)received);
}

static int32_t discard(mp_endpoint *endpoint) {
  for (int i = 0; i < MP_DISCARD_PACKETS; i++) {
    char byte;
    if (recv(endpoint->fd, &byte, sizeof byte, MSG_DONTWAIT) < 0) return on_receive_error((mp_udp *)endpoint, errno);
    mp_count(endpoint, MP_DROP_POOL_EMPTY);
  }
  return 0;
}

/* Makes message `index` of a row. Gives the counter of the drop for one that can never go, else -1. */
static int prepare_send(mp_udp *udp, const mp_batch *batch, uint32_t row, uint32_t index) {
  mp_peer *peer = mp_peers_at(&udp->peers, *mp_cell(batch, MP_PEER, row));
  if (peer == NULL) return MP_DROP_UNKNOWN_PEER;
  uint8_t *packet = mp_packet(&udp->base, batch, row);
  if (packet == NULL) return MP_DROP_OUTSIDE_ARENA;
  peer->used = true;
  udp->packets[index] = (struct iovec){packet, (size_t)*mp_cell(batch, MP_LENGTH, row)};
  udp->messages[index].msg_hdr = (struct msghdr){
      .msg_name = udp->connected ? NULL : &peer->ends.remote,
      .msg_namelen = udp->connected ? 0 : mp_address_size(&peer->ends.remote),
      .msg_iov = &udp->packets[index],
      .msg_iovlen = 1,
  };
  if (udp->told) mp_pktinfo_write(&udp->messages[index].msg_hdr, &udp->controls[index], &peer->ends);
  return -1;
}

static void count_sent(mp_udp *udp, uint32_t first, uint32_t messages) {
  udp->base.counters[MP_TX_PACKETS] += messages;
  for (uint32_t i = 0; i < messages; i++) udp->base.counters[MP_TX_BYTES] += (double)udp->packets[first + i].iov_len;
}

/* False when the socket takes no more now; otherwise the datagram of `row` is lost, and counted. */
static bool on_send_error(mp_udp *udp, const mp_batch *batch, uint32_t row, int code) {
  if (code == EAGAIN || code == EWOULDBLOCK || code == ENOBUFS) {
    udp->base.state[MP_STATE_BLOCKED] = code;
    /* After ENOBUFS the socket counts as writable although it is not: JavaScript waits by the clock instead. */
    if (code != ENOBUFS) mp_endpoint_want(&udp->base, MP_UV_WRITABLE);
    return false;
  }
  if (code == EMSGSIZE) {
    mp_count(&udp->base, MP_DROP_TOO_BIG);
  } else {
    mp_count(&udp->base, MP_DROP_UNREACHABLE);
    mp_note_event(&udp->base, *mp_cell(batch, MP_PEER, row), code);
  }
  return true;
}

/* Sends `count` messages made of the rows from `first` on. Returns how many are done with. */
static uint32_t send_messages(mp_udp *udp, const mp_batch *batch, uint32_t first, uint32_t count) {
  uint32_t done = 0;
  while (done < count) {
    int sent = mp_sendmmsg(udp->base.fd, udp->messages + done, count - done);
    if (sent >= 0) {
      count_sent(udp, done, (uint32_t)sent);
      done += (uint32_t)sent;
    } else if (errno != EINTR) {
      if (!on_send_error(udp, batch, first + done, errno)) break;
      done++;
    }
  }
  return done;
}

static uint32_t send_rows(mp_endpoint *endpoint, const mp_batch *batch, uint32_t rows) {
  mp_udp *udp = (mp_udp *)endpoint;
  uint32_t row = 0;
  while (row < rows) {
    /* A run ends before a row that is to be dropped, so that no row is counted before its turn. */
    uint32_t count = 0;
    int drop = -1;
    while (row + count < rows && count < udp->vectors) {
      drop = prepare_send(udp, batch, row + count, count);
      if (drop >= 0) break;
      count++;
    }
    uint32_t done = send_messages(udp, batch, row, count);
    row += done;
    if (done < count) break;
    if (drop >= 0) {
      mp_count(endpoint, drop);
      row++;
    }
  }
  return row;
}

static void destroy(mp_endpoint *endpoint) {
  mp_udp *udp = (mp_udp *)endpoint;
  mp_peers_free(&udp->peers);
  free(udp->messages);
  free(udp->packets);
  free(udp->ends);
  free(udp->controls);
  free(udp);
}

mp_udp *mp_udp_of(mp_endpoint *endpoint) {
  return endpoint != NULL && endpoint->operations == &mp_udp_operations ? (mp_udp *)endpoint : NULL;
}

const mp_operations mp_udp_operations = {receive, discard, send_rows, destroy};
