#include "tun_selftest.h"

#include "tun.h"

#ifdef __linux__

#include <linux/if_ether.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "segment.h"
#include "test_flow.h"

#ifndef PACKET_VNET_HDR
#define PACKET_VNET_HDR 15
#endif

enum { TEST_ROOM = 1500 }; /* bytes of a row: any segment fits */
/* The device delivers at once, unless the machine is very busy. */
enum { TEST_WAIT_MS = 100, TEST_STRAY_PACKETS = 32 };

/* The offloads to blame when the kernel does not hand a flow over in one, or does not take it in one. */
static const struct {
  mp_test_flow flow;
  uint32_t read, written;
} cases[] = {
    {{4, IPPROTO_TCP}, MP_OFFLOAD_TSO, MP_OFFLOAD_COALESCE},
    {{6, IPPROTO_TCP}, MP_OFFLOAD_TSO, MP_OFFLOAD_COALESCE},
    {{4, IPPROTO_UDP}, MP_OFFLOAD_USO, MP_OFFLOAD_USO},
    {{6, IPPROTO_UDP}, MP_OFFLOAD_USO, MP_OFFLOAD_USO},
};

/* A device, what reads and writes it, and the other side of it. */
typedef struct {
  mp_endpoint endpoint;
  mp_vnet vnet;
  int far; /* a packet socket */
  int interface;
  uint8_t arena[MP_TEST_SEGMENTS * TEST_ROOM];
  int32_t table[MP_COLUMNS * MP_TEST_SEGMENTS];
  double counters[MP_COUNTERS];
  int32_t state[MP_STATE_WORDS];
} mp_test;

static bool wait_for(int fd) {
  struct pollfd readable = {.fd = fd, .events = POLLIN};
  return poll(&readable, 1, TEST_WAIT_MS) == 1;
}

/* All rows have a slot again. */
static void reset_rows(mp_test *test) {
  for (uint32_t row = 0; row < MP_TEST_SEGMENTS; row++) {
    *mp_cell(&test->endpoint.rows, MP_OFFSET, row) = (int32_t)(row * TEST_ROOM);
    *mp_cell(&test->endpoint.rows, MP_LENGTH, row) = TEST_ROOM;
    *mp_cell(&test->endpoint.rows, MP_FLAGS, row) = 0;
  }
}

/* Forgets what an earlier flow left behind, so that it does not count against the next. */
static void drain(mp_test *test) {
  uint8_t byte;
  test->vnet.cut.length = test->vnet.cut.next = 0;
  for (int reads = 0; reads < TEST_STRAY_PACKETS; reads++) {
    reset_rows(test);
    if (mp_vnet_receive(&test->endpoint, &test->vnet, MP_TEST_SEGMENTS) < 0) break;
  }
  for (int reads = 0; reads < TEST_STRAY_PACKETS; reads++) {
    if (recv(test->far, &byte, sizeof byte, MSG_DONTWAIT) < 0) break;
  }
}

/* The kernel is given the flow as one packet. False when it does not take it, which proves nothing about the device. */
static bool send_super(const mp_test *test, const mp_test_flow *flow) {
  uint8_t packet[MP_TEST_LARGEST];
  mp_vnet_header header = mp_test_header(flow);
  struct iovec parts[] = {{&header, MP_VNET_HEADER}, {packet, mp_test_super(packet, flow)}};
  struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = test->interface};
  to.sll_protocol = htons(flow->version == 4 ? ETH_P_IP : ETH_P_IPV6);
  struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = parts, .msg_iovlen = 2};
  return sendmsg(test->far, &message, MSG_DONTWAIT) > 0;
}

/* Whether row `row` holds segment `index`, byte for byte. */
static bool is_segment(const mp_test *test, const mp_test_flow *flow, uint32_t row, uint32_t index) {
  uint8_t expected[MP_TEST_LARGEST];
  size_t length = mp_test_segment(expected, flow, index);
  return (size_t)*mp_cell(&test->endpoint.rows, MP_LENGTH, row) == length &&
         memcmp(mp_packet(&test->endpoint, &test->endpoint.rows, row), expected, length) == 0;
}

/* The kernel of the namespace speaks up, too, when an interface comes up: ICMPv6 is not ours. */
static bool is_stray(const mp_test *test, uint32_t row) {
  mp_inner inner;
  size_t length = (size_t)*mp_cell(&test->endpoint.rows, MP_LENGTH, row);
  return !mp_inner_read(mp_packet(&test->endpoint, &test->endpoint.rows, row), length, &inner);
}

/* Whether the flow that was sent as one packet is read as its segments. */
static bool is_read(mp_test *test, const mp_test_flow *flow) {
  if (!send_super(test, flow)) return true;
  uint32_t index = 0;
  for (int reads = 0; index < MP_TEST_SEGMENTS && reads < TEST_STRAY_PACKETS; reads++) {
    if (mp_super_next(&test->vnet.cut) == 0 && !wait_for(test->endpoint.fd)) return false;
    reset_rows(test);
    int32_t rows = mp_vnet_receive(&test->endpoint, &test->vnet, MP_TEST_SEGMENTS);
    for (int32_t row = 0; row < rows; row++) {
      if (is_stray(test, (uint32_t)row)) continue;
      if (index == MP_TEST_SEGMENTS || !is_segment(test, flow, (uint32_t)row, index++)) return false;
    }
  }
  return index == MP_TEST_SEGMENTS;
}

/* Receives what the device was written as; -1 when nothing comes. What the kernel sends by itself is passed over. */
static ssize_t receive_far(const mp_test *test, mp_vnet_header *header, uint8_t packet[MP_TEST_LARGEST]) {
  struct iovec parts[] = {{header, MP_VNET_HEADER}, {packet, MP_TEST_LARGEST}};
  struct sockaddr_ll from;
  for (int reads = 0; reads < TEST_STRAY_PACKETS && wait_for(test->far); reads++) {
    struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = parts, .msg_iovlen = 2};
    ssize_t bytes = recvmsg(test->far, &message, MSG_DONTWAIT | MSG_TRUNC);
    if (bytes >= MP_VNET_HEADER && from.sll_pkttype == PACKET_HOST) return bytes - MP_VNET_HEADER;
  }
  return -1;
}

/* Whether segments written together arrive as one packet. */
static bool is_written(mp_test *test, const mp_test_flow *flow) {
  uint8_t packet[MP_TEST_LARGEST], expected[MP_TEST_LARGEST];
  mp_vnet_header header = {0}, wanted = mp_test_header(flow);
  reset_rows(test);
  for (uint32_t row = 0; row < MP_TEST_SEGMENTS; row++) {
    size_t length = mp_test_segment(test->arena + row * TEST_ROOM, flow, row);
    *mp_cell(&test->endpoint.rows, MP_LENGTH, row) = (int32_t)length;
  }
  int32_t rows = mp_vnet_write(&test->endpoint, &test->vnet, &test->endpoint.rows, 0, MP_TEST_SEGMENTS);
  size_t length = mp_test_super(expected, flow);
  return rows == MP_TEST_SEGMENTS && receive_far(test, &header, packet) == (ssize_t)length &&
         header.gso_type == wanted.gso_type && header.segment_bytes == wanted.segment_bytes &&
         memcmp(packet, expected, length) == 0;
}

static uint32_t broken; /* what the test found */

static void test_case(mp_test *test, const mp_test_flow *flow, uint32_t read, uint32_t written) {
  uint32_t granted = test->vnet.offloads;
  drain(test);
  if ((granted & read) != 0 && !is_read(test, flow)) broken |= read;
  if ((granted & written) != 0 && !is_written(test, flow)) broken |= written;
  /* Reading and writing may have given some up, which the next flow needs. */
  test->vnet.offloads = granted;
}

static bool bring_up(mp_test *test, const char name[IFNAMSIZ]) {
  struct ifreq request = {0};
  memcpy(request.ifr_name, name, IFNAMSIZ);
  if (ioctl(test->far, SIOCGIFINDEX, &request) < 0) return false;
  test->interface = request.ifr_ifindex;
  if (ioctl(test->far, SIOCGIFFLAGS, &request) < 0) return false;
  request.ifr_flags |= IFF_UP;
  return ioctl(test->far, SIOCSIFFLAGS, &request) == 0;
}

/* The far side, which sees all that passes from now on. */
static bool open_far(mp_test *test, const char name[IFNAMSIZ]) {
  int on = 1;
  test->far = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (test->far < 0 || !bring_up(test, name)) return false;
  struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = test->interface};
  return setsockopt(test->far, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) == 0 &&
         bind(test->far, (struct sockaddr *)&at, sizeof at) == 0;
}

static bool open_test(mp_test *test) {
  char name[IFNAMSIZ] = "";
  mp_failure failure;
  mp_endpoint *endpoint = &test->endpoint;
  endpoint->fd = mp_tun_open_device(name, false, true, &failure);
  if (endpoint->fd < 0) return false;
  endpoint->arena = test->arena;
  endpoint->arena_bytes = sizeof test->arena;
  endpoint->rows = (mp_batch){test->table, MP_TEST_SEGMENTS};
  endpoint->counters = test->counters;
  endpoint->state = test->state;
  test->vnet.offloads = mp_tun_ask_offloads(endpoint->fd, MP_OFFLOAD_ALL);
  return open_far(test, name);
}

/*
 * The thread has a network and descriptors of its own. Both end with it, which takes the kernel many milliseconds:
 * closing nothing here leaves them to it, and who joins the thread does not wait for that.
 */
static void *prove(void *memory) {
  mp_test *test = memory;
  if (unshare(CLONE_NEWNET | CLONE_FILES) < 0) return NULL;
#ifdef SYS_close_range
  /* What the rest of the process closes meanwhile must not stay open here. */
  syscall(SYS_close_range, 0, ~0U, 0);
#endif
  if (!open_test(test)) return NULL;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    test_case(test, &cases[i].flow, cases[i].read, cases[i].written);
  }
  return NULL;
}

static void prove_apart(void) {
  pthread_t thread;
  sigset_t all, before;
  mp_test *test = calloc(1, sizeof *test);
  if (test == NULL) return;
  /* Signals are for the threads of Node. */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = pthread_create(&thread, NULL, prove, test) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (started) pthread_join(thread, NULL);
  free(test);
}

static const char *reason_for(uint32_t offloads) {
  if (offloads & MP_OFFLOAD_TSO) return "a TCP super-packet was not read as it was sent in a test";
  if (offloads & MP_OFFLOAD_USO) return "a UDP super-packet did not pass as it was sent in a test";
  return offloads ? "packets written together did not arrive as one in a test" : NULL;
}

mp_tun_verdict mp_tun_selftest(uint32_t wanted) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, prove_apart);
  return (mp_tun_verdict){wanted & broken, reason_for(wanted & broken)};
}

#else

mp_tun_verdict mp_tun_selftest(uint32_t wanted) {
  (void)wanted;
  return (mp_tun_verdict){0, NULL};
}

#endif
