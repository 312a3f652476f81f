/*
 * Sending: a run of rows to one peer whose lengths are equal, but for a shorter last one, becomes one message that the
 * kernel, or the network card, cuts into datagrams again. The packets stay where they are.
 */
#include <errno.h>

#include "udp.h"

/* One call of send, and how far it got. */
typedef struct {
  mp_udp *udp;
  const mp_batch *batch;
  uint32_t rows;
  uint32_t row;   /* first that is not done with */
  uint32_t alone; /* rows in front of it go one by one: as a run they were refused */
  int refusal;    /* errno of that, until it is known whether one alone goes; else 0 */
} outgoing;

/* The last message of those prepared. */
typedef struct {
  int32_t peer;
  int32_t ecn;
  uint32_t segment; /* bytes of its first datagram */
  uint32_t bytes;
  bool open; /* for another datagram */
} run;

enum outcome { SENT, BLOCKED, REFUSED };

/* A datagram of so many bytes fits any path: the least MTU of IPv6 without the headers. */
enum { SURELY_FITS_BYTES = 1280 - 48 };

/* The counter of the drop of a row that can never go; else -1, with its peer and packet. */
static int check_row(outgoing *out, uint32_t row, mp_peer **peer, uint8_t **packet) {
  *peer = mp_peers_at(&out->udp->peers, *mp_cell(out->batch, MP_PEER, row));
  if (*peer == NULL) return MP_DROP_UNKNOWN_PEER;
  *packet = mp_packet(&out->udp->base, out->batch, row);
  return *packet == NULL ? MP_DROP_OUTSIDE_ARENA : -1;
}

/* Makes message `index` of one datagram. */
static void begin_message(mp_udp *udp, uint32_t index, const mp_peer *peer, int32_t ecn, struct iovec *part) {
  struct msghdr *message = &udp->messages[index].msg_hdr;
  *message = (struct msghdr){
      .msg_name = udp->connected ? NULL : (void *)&peer->ends.remote,
      .msg_namelen = udp->connected ? 0 : mp_address_size(&peer->ends.remote),
      .msg_iov = part,
      .msg_iovlen = 1,
  };
  if (udp->told) mp_pktinfo_write(message, &udp->controls[index], &peer->ends);
  if (ecn != 0) mp_ecn_write(message, &udp->controls[index], &peer->ends.remote, ecn);
}

/* Adds another datagram to message `index`. */
static void extend_message(mp_udp *udp, uint32_t index, const run *last) {
  struct msghdr *message = &udp->messages[index].msg_hdr;
  if (++message->msg_iovlen == 2) mp_segment_write(message, &udp->controls[index], (uint16_t)last->segment);
}

/* Whether a datagram of `length` bytes to `peer` may be the next of a run. */
static bool continues(const run *last, int32_t peer, int32_t ecn, uint32_t length) {
  return last->open && peer == last->peer && ecn == last->ecn && length > 0 && length <= last->segment &&
         last->bytes + length <= MP_RUN_BYTES;
}

/*
 * Makes messages of the rows from out->row on. They end before a row that is to be dropped, so that no row is counted
 * before its turn; `drop` is its counter then, else -1. Returns how many messages there are.
 */
static uint32_t prepare(outgoing *out, int *drop) {
  mp_udp *udp = out->udp;
  run last = {.open = false};
  uint32_t count = 0, most = out->rows - out->row;
  if (most > udp->vectors) most = udp->vectors;
  for (uint32_t used = 0; used < most; used++) {
    uint32_t row = out->row + used;
    mp_peer *peer;
    uint8_t *packet;
    *drop = check_row(out, row, &peer, &packet);
    if (*drop >= 0) break;
    int32_t number = *mp_cell(out->batch, MP_PEER, row);
    int32_t ecn = udp->ecn ? *mp_cell(out->batch, MP_FLAGS, row) >> MP_ECN_SHIFT & MP_ECN_FIELD : 0;
    uint32_t length = (uint32_t)*mp_cell(out->batch, MP_LENGTH, row);
    udp->parts[used] = (struct iovec){packet, length};
    if (continues(&last, number, ecn, length)) {
      extend_message(udp, count - 1, &last);
      last.bytes += length;
      last.open = length == last.segment && udp->messages[count - 1].msg_hdr.msg_iovlen < MP_RUN_SEGMENTS;
    } else {
      peer->used = true;
      begin_message(udp, count++, peer, ecn, &udp->parts[used]);
      last = (run){number, ecn, length, length, udp->offloads.gso && row >= out->alone};
    }
  }
  return count;
}

static uint32_t datagrams_of(const mp_udp *udp, uint32_t index) {
  return (uint32_t)udp->messages[index].msg_hdr.msg_iovlen;
}

static void count_sent(outgoing *out, uint32_t index) {
  double *counters = out->udp->base.counters;
  const struct msghdr *message = &out->udp->messages[index].msg_hdr;
  uint32_t datagrams = datagrams_of(out->udp, index);
  for (uint32_t i = 0; i < datagrams; i++) counters[MP_TX_BYTES] += (double)message->msg_iov[i].iov_len;
  counters[MP_TX_PACKETS] += datagrams;
  counters[MP_TX_MESSAGES] += 1;
  out->row += datagrams;
}

/*
 * The first datagram of a run that was refused goes alone. Then the kernel or the device cannot do it, unless it may be
 * that the datagrams are larger than the path takes, which alone are fragmented: kernels say EINVAL to that, too.
 */
static void conclude(outgoing *out, uint32_t index) {
  int code = out->refusal;
  out->refusal = 0;
  size_t bytes = out->udp->messages[index].msg_hdr.msg_iov->iov_len;
  if (code != EIO && (code != EINVAL || bytes > SURELY_FITS_BYTES)) return;
  out->udp->offloads.gso = false;
  out->udp->base.state[MP_STATE_GSO_REFUSED] = code;
}

/* Whether an error may be one of the run, and not of its datagrams: then they are tried one by one. */
static bool is_refusal(int code) { return code == EIO || code == EINVAL || code == EMSGSIZE; }

/* Drops the first datagram of message `index`. Returns whether another one is left in it. */
static bool drop_first(outgoing *out, uint32_t index, int code) {
  mp_udp *udp = out->udp;
  struct msghdr *message = &udp->messages[index].msg_hdr;
  mp_count(&udp->base, code == EMSGSIZE ? MP_DROP_TOO_BIG : MP_DROP_UNREACHABLE);
  mp_note_event(&udp->base, *mp_cell(out->batch, MP_PEER, out->row), code);
  out->refusal = 0;
  out->row++;
  message->msg_iov++;
  return --message->msg_iovlen > 0;
}

static void block(mp_udp *udp, int code) {
  udp->base.state[MP_STATE_BLOCKED] = code;
  /* After ENOBUFS the socket counts as writable although it is not: JavaScript waits by the clock instead. */
  if (code != ENOBUFS) mp_endpoint_want(&udp->base, MP_UV_WRITABLE);
}

/* Sends the first `count` messages, which are made of the rows from out->row on. */
static enum outcome send_messages(outgoing *out, uint32_t count) {
  mp_udp *udp = out->udp;
  for (uint32_t done = 0; done < count;) {
    int sent = mp_sendmmsg(udp->base.fd, udp->messages + done, count - done);
    if (sent > 0) {
      if (out->refusal != 0) conclude(out, done);
      for (int i = 0; i < sent; i++) count_sent(out, done++);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
      block(udp, errno);
      return BLOCKED;
    } else if (datagrams_of(udp, done) > 1 && is_refusal(errno)) {
      out->refusal = errno;
      out->alone = out->row + datagrams_of(udp, done);
      return REFUSED;
    } else if (errno != EINTR) {
      done += !drop_first(out, done, errno);
    }
  }
  return SENT;
}

uint32_t mp_udp_send(mp_endpoint *endpoint, const mp_batch *batch, uint32_t rows) {
  outgoing out = {.udp = (mp_udp *)endpoint, .batch = batch, .rows = rows};
  while (out.row < rows) {
    int drop = -1;
    enum outcome outcome = send_messages(&out, prepare(&out, &drop));
    if (outcome == BLOCKED) break;
    if (outcome == SENT && drop >= 0) {
      mp_count(endpoint, drop);
      out.row++;
    }
  }
  return out.row;
}
