/*
 * Messages of up to 64 KiB come into chunks. With one path each frame goes on as it comes. With several, frames wait in
 * a ring by their number for those before them, so that the runs of one flow stay whole; a chunk is free again when its
 * last frame was delivered.
 */
#include "inbound.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#include "merge.h"

enum { CHUNK_BYTES = 1 << 16, CHUNKS = 128, VECTOR = 8, RING = 1 << 13 };

typedef struct {
  uint8_t *frame; /* NULL: not here */
  uint32_t length;
  uint32_t chunk;
} waiting;

static uint8_t chunks[CHUNKS][CHUNK_BYTES];
static uint32_t users[CHUNKS];      /* frames that lie in a chunk */
static uint32_t free_chunks[CHUNKS];
static unsigned free_count;
/* No frame lies in them, but the merge may still point into them. */
static uint32_t resting[CHUNKS];
static unsigned resting_count;
static bool ready;
static waiting ring[RING];
static uint64_t next;               /* the number to deliver now */
static unsigned held;               /* frames in the ring */

static void prepare(void) {
  for (free_count = 0; free_count < CHUNKS; free_count++) free_chunks[free_count] = free_count;
  ready = true;
}

static void release(uint32_t chunk) {
  if (--users[chunk] == 0) resting[resting_count++] = chunk;
}

/* What was used last is used first again: it is the warmest. */
static void flush(const ref_inbound *in) {
  ref_merge_flush(&in->tun);
  while (resting_count > 0) free_chunks[free_count++] = resting[--resting_count];
}

static void deliver(const ref_inbound *in, uint8_t *frame, uint32_t length) {
  ref_merge(&in->tun, frame + REF_FRAME_BYTES, length - REF_FRAME_BYTES, (frame[0] & REF_PARTIAL) != 0);
}

static void deliver_ready(const ref_inbound *in) {
  for (waiting *place; (place = &ring[next % RING])->frame != NULL; next++) {
    deliver(in, place->frame, place->length);
    place->frame = NULL;
    held--;
    release(place->chunk);
  }
}

void ref_inbound_skip(ref_inbound *in) {
  while (held > 0 && ring[next % RING].frame == NULL) {
    next++;
    in->skipped++;
  }
  deliver_ready(in);
  flush(in);
}

uint64_t ref_inbound_missing(void) { return held > 0 ? next : REF_NOTHING; }

static void arrive(ref_inbound *in, uint8_t *frame, uint32_t length, uint32_t chunk) {
  uint64_t number = get64(frame + 8);
  if (in->paths == 1 || number < next) {
    in->late += in->paths > 1;
    deliver(in, frame, length);
    return;
  }
  while (number - next >= RING) {
    if (held == 0) next = number;
    else ref_inbound_skip(in);
  }
  waiting *place = &ring[number % RING];
  if (place->frame != NULL) return; /* a duplicate */
  *place = (waiting){frame, length, chunk};
  users[chunk]++;
  held++;
}

static void open_frame(ref_inbound *in, uint8_t *frame, uint32_t length, uint32_t chunk) {
  uint32_t tag = in->seal != NULL ? REF_TAG_BYTES : 0;
  if (length <= REF_FRAME_BYTES + tag || (tag > 0 && !ref_open_frame(in->seal, frame, length))) {
    in->refused++;
    return;
  }
  in->received++;
  arrive(in, frame, length - tag, chunk);
}

/* How long each datagram of a message is; the last may be shorter. */
static uint32_t segment_bytes(struct msghdr *message, uint32_t length) {
  for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control != NULL; control = CMSG_NXTHDR(message, control)) {
    if (control->cmsg_level != SOL_UDP || control->cmsg_type != UDP_GRO) continue;
    int bytes;
    memcpy(&bytes, CMSG_DATA(control), sizeof bytes);
    return bytes > 0 ? (uint32_t)bytes : length;
  }
  return length;
}

static void cut(ref_inbound *in, struct mmsghdr *message, uint32_t chunk) {
  uint32_t length = message->msg_len, segment = segment_bytes(&message->msg_hdr, length);
  for (uint32_t at = 0; at < length; at += segment) {
    uint32_t bytes = length - at < segment ? length - at : segment;
    open_frame(in, chunks[chunk] + at, bytes, chunk);
  }
}

static unsigned receive(ref_inbound *in, int socket) {
  struct mmsghdr messages[VECTOR];
  struct iovec parts[VECTOR];
  union {
    struct cmsghdr aligned;
    uint8_t bytes[CMSG_SPACE(sizeof(int))];
  } controls[VECTOR];
  uint32_t taken[VECTOR];
  for (unsigned index = 0; index < VECTOR; index++) {
    taken[index] = free_chunks[--free_count];
    users[taken[index]] = 1;
    parts[index] = (struct iovec){chunks[taken[index]], CHUNK_BYTES};
    messages[index].msg_hdr = (struct msghdr){
        .msg_iov = &parts[index], .msg_iovlen = 1, .msg_control = &controls[index], .msg_controllen = sizeof controls[index]};
  }
  int count = recvmmsg(socket, messages, VECTOR, MSG_DONTWAIT, NULL);
  for (int index = 0; index < count; index++) cut(in, &messages[index], taken[index]);
  for (unsigned index = 0; index < VECTOR; index++) release(taken[index]);
  return count < 0 ? 0 : (unsigned)count;
}

unsigned ref_inbound_round(ref_inbound *in) {
  unsigned count = 0;
  if (!ready) prepare();
  for (unsigned path = 0; path < in->paths; path++) {
    if (free_count < VECTOR) flush(in);
    if (free_count < VECTOR) ref_inbound_skip(in);
    count += receive(in, in->sockets[path]);
    if (in->paths > 1) deliver_ready(in);
  }
  flush(in);
  return count;
}
