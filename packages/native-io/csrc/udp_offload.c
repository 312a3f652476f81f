#include "udp_offload.h"

#ifdef __linux__

#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

static const struct cmsghdr segment_header = {
    .cmsg_len = CMSG_LEN(sizeof(uint16_t)), .cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT};

void mp_segment_write(struct msghdr *message, mp_control *control, uint16_t segment) {
  memcpy(mp_control_add(message, control, &segment_header), &segment, sizeof segment);
}

uint32_t mp_segment_read(struct msghdr *message) {
  struct cmsghdr *header = CMSG_FIRSTHDR(message);
  for (; header != NULL; header = CMSG_NXTHDR(message, header)) {
    if (header->cmsg_level != IPPROTO_UDP || header->cmsg_type != UDP_GRO) continue;
    int segment;
    memcpy(&segment, CMSG_DATA(header), sizeof segment);
    return segment > 0 ? (uint32_t)segment : 0;
  }
  return 0;
}

static bool ask(int fd, int option, int value) {
  return setsockopt(fd, IPPROTO_UDP, option, &value, sizeof value) == 0;
}

/* The test: a burst of five datagrams and a shorter one, each filled with bytes of its own. */
enum { TEST_SEGMENT = 1100, TEST_SEGMENTS = 5, TEST_LAST = 300, TEST_BYTES = TEST_SEGMENT * TEST_SEGMENTS + TEST_LAST };
/* Loopback delivers at once, unless the machine is very busy. */
enum { TEST_WAIT_MS = 200 };

static uint8_t test_byte(uint32_t at) { return (uint8_t)(at * 31 + at / 251); }

/* A socket at a free port of the loopback address, which is written to `address`. -1 on failure. */
static int test_socket(struct sockaddr_in *address) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  socklen_t size = sizeof *address;
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (fd < 0) return -1;
  if (bind(fd, (struct sockaddr *)address, size) == 0 && getsockname(fd, (struct sockaddr *)address, &size) == 0) {
    return fd;
  }
  close(fd);
  return -1;
}

static bool send_burst(int fd, struct sockaddr_in *to) {
  uint8_t bytes[TEST_BYTES];
  for (uint32_t at = 0; at < TEST_BYTES; at++) bytes[at] = test_byte(at);
  struct iovec part = {bytes, sizeof bytes};
  struct msghdr message = {.msg_name = to, .msg_namelen = sizeof *to, .msg_iov = &part, .msg_iovlen = 1};
  mp_control control;
  mp_segment_write(&message, &control, TEST_SEGMENT);
  return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == TEST_BYTES;
}

/* Receives one message, which must be the burst from `at` on. Returns where the next one begins; 0 when it is wrong. */
static uint32_t receive_part(int fd, uint32_t at) {
  uint8_t bytes[TEST_BYTES + 1];
  mp_control control;
  struct iovec part = {bytes, sizeof bytes};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  struct pollfd readable = {.fd = fd, .events = POLLIN};
  if (poll(&readable, 1, TEST_WAIT_MS) != 1) return 0;
  ssize_t length = recvmsg(fd, &message, MSG_DONTWAIT);
  if (length <= 0 || length > TEST_BYTES - at) return 0;
  uint32_t end = at + (uint32_t)length, segment = mp_segment_read(&message);
  if (segment == 0 && end != TEST_BYTES && length != TEST_SEGMENT) return 0;
  if (segment != 0 && segment != TEST_SEGMENT) return 0;
  if (segment != 0 && end != TEST_BYTES && length % TEST_SEGMENT != 0) return 0;
  for (uint32_t i = 0; i < (uint32_t)length; i++) {
    if (bytes[i] != test_byte(at + i)) return 0;
  }
  return end;
}

/* Sends the burst and checks what arrives, joined if `joined`. */
static bool burst_arrives(bool joined) {
  struct sockaddr_in to, from;
  int receiver = test_socket(&to), sender = test_socket(&from);
  bool ready = receiver >= 0 && sender >= 0 && (!joined || ask(receiver, UDP_GRO, 1)) && send_burst(sender, &to);
  uint32_t at = 0;
  while (ready && at < TEST_BYTES) {
    at = receive_part(receiver, at);
    ready = at > 0;
  }
  if (receiver >= 0) close(receiver);
  if (sender >= 0) close(sender);
  return ready;
}

static const char *fault; /* NULL when all is well */

static void prove(void) {
  struct sockaddr_in address;
  int fd = test_socket(&address);
  if (fd < 0) {
    fault = "no test over loopback: is the interface lo up?";
    return;
  }
  if (!ask(fd, UDP_SEGMENT, 0) || !ask(fd, UDP_GRO, 1)) {
    fault = "the kernel does not know UDP_SEGMENT and UDP_GRO: Linux 5.0 and newer do";
  } else if (!burst_arrives(false) || !burst_arrives(true)) {
    fault = "a burst sent over loopback did not arrive as it was sent";
  }
  close(fd);
}

mp_offloads mp_offloads_set(int fd, mp_offloads wish) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (!wish.gso && !wish.gro) return (mp_offloads){.reason = NULL};
  pthread_once(&once, prove);
  if (fault != NULL) return (mp_offloads){.reason = fault};
  mp_offloads got = {.gso = wish.gso && ask(fd, UDP_SEGMENT, 0), .gro = wish.gro && ask(fd, UDP_GRO, 1)};
  if (got.gso != wish.gso || got.gro != wish.gro) got.reason = "the kernel refuses it on this socket";
  return got;
}

#else

mp_offloads mp_offloads_set(int fd, mp_offloads wish) {
  (void)fd;
  return (mp_offloads){.reason = wish.gso || wish.gro ? "only Linux has them" : NULL};
}

void mp_segment_write(struct msghdr *message, mp_control *control, uint16_t segment) {
  (void)message;
  (void)control;
  (void)segment;
}

uint32_t mp_segment_read(struct msghdr *message) {
  (void)message;
  return 0;
}

#endif
