/*
 * What this machine can carry at best: a forwarder between a TUN device and UDP sockets that does what the data plane of
 * multipathd does to each packet (frame header, numbering, sealing, checksums, several paths, restored order), with
 * nothing around it: no sessions, no probes, no schedule but round robin. One process and one thread per side.
 *
 *     reference --tun NAME --path LOCAL:PORT,REMOTE:PORT [--path ...] [--cipher NAME --role client|server]
 *               [--checksum partial|full] [--simple]
 *
 * IPv4 outside, IPv4 and IPv6 inside. It writes "ready" once the device is there, and its counts when SIGTERM ends it.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "inbound.h"
#include "outbound.h"
#include "simple.h"

enum { SOCKET_BUFFER_BYTES = 4 << 20, ROUNDS = 4, WAIT_MS = 2 };

typedef struct {
  const char *tun, *cipher, *role, *checksum;
  const char *paths[REF_PATHS];
  unsigned path_count;
  bool simple;
} options;

static volatile sig_atomic_t ending;

static void end(int signal) {
  (void)signal;
  ending = 1;
}

static void fail(const char *what, const char *why) {
  fprintf(stderr, "reference: %s: %s\n", what, why);
  exit(2);
}

static struct sockaddr_in address_of(const char *text, size_t length) {
  char copy[64];
  struct sockaddr_in address = {.sin_family = AF_INET};
  snprintf(copy, sizeof copy, "%.*s", (int)length, text);
  char *colon = strchr(copy, ':');
  if (colon == NULL) fail(copy, "expected ADDRESS:PORT");
  *colon = '\0';
  if (inet_pton(AF_INET, copy, &address.sin_addr) != 1) fail(copy, "expected an IPv4 address");
  address.sin_port = htons((uint16_t)atoi(colon + 1));
  return address;
}

static int open_path(const char *path, bool offload) {
  const char *comma = strchr(path, ',');
  if (comma == NULL) fail(path, "expected LOCAL:PORT,REMOTE:PORT");
  struct sockaddr_in local = address_of(path, (size_t)(comma - path));
  struct sockaddr_in remote = address_of(comma + 1, strlen(comma + 1));
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = SOCKET_BUFFER_BYTES, on = 1;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
  if (bind(fd, (struct sockaddr *)&local, sizeof local) < 0 || connect(fd, (struct sockaddr *)&remote, sizeof remote) < 0 ||
      (offload && setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on) < 0)) {
    perror(path);
    exit(1);
  }
  return fd;
}

static bool read_option(options *read, int letter) {
  switch (letter) {
    case 't': read->tun = optarg; return true;
    case 'c': read->cipher = optarg; return true;
    case 'r': read->role = optarg; return true;
    case 'k': read->checksum = optarg; return true;
    case 's': read->simple = true; return true;
    case 'p':
      if (read->path_count == REF_PATHS) fail("--path", "too many of them");
      read->paths[read->path_count++] = optarg;
      return true;
    default: return false;
  }
}

static options read_options(int count, char **words) {
  static const struct option known[] = {
      {"tun", required_argument, NULL, 't'},  {"path", required_argument, NULL, 'p'},
      {"role", required_argument, NULL, 'r'}, {"cipher", required_argument, NULL, 'c'},
      {"simple", no_argument, NULL, 's'},     {"checksum", required_argument, NULL, 'k'},
      {NULL, 0, NULL, 0}};
  options read = {.cipher = "none", .role = "client"};
  int letter;
  while ((letter = getopt_long(count, words, "", known, NULL)) != -1)
    if (!read_option(&read, letter)) exit(2);
  if (read.tun == NULL || read.path_count == 0) fail("missing", "--tun and --path are needed");
  /* Without a cipher nothing else tells a damaged packet, so the checksums travel whole. */
  if (read.checksum == NULL) read.checksum = strcmp(read.cipher, "none") == 0 ? "full" : "partial";
  return read;
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A missing frame is waited for only so long. */
static void skip_in_time(ref_inbound *in) {
  static uint64_t missing = REF_NOTHING;
  static int64_t since_ms;
  uint64_t now_missing = ref_inbound_missing();
  if (now_missing != missing) {
    missing = now_missing;
    since_ms = now_ms();
  } else if (missing != REF_NOTHING && now_ms() - since_ms >= WAIT_MS) {
    ref_inbound_skip(in);
  }
}

static void forward(ref_outbound *out, ref_inbound *in) {
  struct pollfd ends[1 + REF_PATHS] = {{out->tun.fd, POLLIN, 0}};
  for (unsigned path = 0; path < in->paths; path++) ends[1 + path] = (struct pollfd){in->sockets[path], POLLIN, 0};
  while (!ending) {
    if (poll(ends, 1 + in->paths, ref_inbound_missing() == REF_NOTHING ? -1 : 1) < 0) continue;
    if (ends[0].revents != 0)
      for (int round = 0; round < ROUNDS && ref_outbound_round(out) > 0; round++) continue;
    bool arrived = false;
    for (unsigned path = 0; path < in->paths; path++) arrived |= ends[1 + path].revents != 0;
    for (int round = 0; arrived && round < ROUNDS && ref_inbound_round(in) > 0; round++) continue;
    if (in->paths > 1) skip_in_time(in);
  }
}

static void report(const ref_outbound *out, const ref_inbound *in) {
  uint64_t lost = 0;
  for (unsigned path = 0; path < out->paths; path++) lost += out->boxes[path].lost;
  printf("sent %" PRIu64 " lost %" PRIu64 " dropped %" PRIu64 " received %" PRIu64 " refused %" PRIu64 " late %" PRIu64
         " skipped %" PRIu64 "\n",
         out->sequence, lost, out->dropped, in->received, in->refused, in->late, in->skipped);
}

int main(int count, char **words) {
  options read = read_options(count, words);
  static ref_outbox boxes[REF_PATHS];
  int sockets[REF_PATHS];
  struct sigaction on_end = {.sa_handler = end};
  sigaction(SIGTERM, &on_end, NULL);
  ref_tun tun = ref_tun_open(read.tun, !read.simple);
  for (unsigned path = 0; path < read.path_count; path++)
    boxes[path].fd = sockets[path] = open_path(read.paths[path], !read.simple);
  ref_seal *seal = NULL;
  if (strcmp(read.cipher, "none") != 0) {
    if (!ref_seal_available()) fail(read.cipher, "this program was built without libcrypto");
    seal = ref_seal_new(read.cipher, strcmp(read.role, "server") == 0);
    if (seal == NULL) fail(read.cipher, "expected none, aes-256-gcm or chacha20-poly1305");
  }
  printf("ready\n");
  fflush(stdout);
  if (read.simple) ref_simple(tun.fd, sockets[0]);
  ref_outbound out = {tun, read.path_count, boxes, seal, strcmp(read.checksum, "full") == 0, 0, 0};
  ref_inbound in = {.tun = tun, .paths = read.path_count, .sockets = sockets, .seal = seal};
  if (!read.simple) forward(&out, &in);
  report(&out, &in);
  return 0;
}
