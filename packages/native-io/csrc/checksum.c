#include "checksum.h"

#include <arpa/inet.h>
#include <string.h>

/* As many bytes as the widest registers in use hold; the compiler makes several steps of one where they are narrower. */
typedef uint32_t mp_lanes __attribute__((vector_size(32), aligned(1), may_alias));

/* What is less than a step of the lanes. A copy of no fixed length is a call, and costs more than all of a header. */
static inline uint64_t add_rest(const uint8_t *bytes, size_t length, uint64_t sum) {
  uint64_t pair;
  for (; length >= sizeof pair; length -= sizeof pair, bytes += sizeof pair) {
    memcpy(&pair, bytes, sizeof pair);
    sum += (pair & 0xffffffff) + (pair >> 32);
  }
  uint32_t word = 0;
  if (length >= sizeof word) {
    memcpy(&word, bytes, sizeof word);
    sum += word;
    length -= sizeof word;
    bytes += sizeof word;
  }
  if (length == 0) return sum;
  word = 0;
  memcpy(&word, bytes, length);
  return sum + word;
}

/* Halves of words are added, so that no lane overflows below 2 MiB. */
static inline __attribute__((always_inline)) uint64_t add_up(const uint8_t *bytes, size_t length, uint64_t sum) {
  mp_lanes first = {0}, second = {0};
  size_t at = 0;
  for (; at + 2 * sizeof first <= length; at += 2 * sizeof first) {
    mp_lanes a = *(const mp_lanes *)(bytes + at), b = *(const mp_lanes *)(bytes + at + sizeof a);
    first += (a & 0xffff) + (a >> 16);
    second += (b & 0xffff) + (b >> 16);
  }
  for (int lane = 0; lane < 8; lane++) sum += (uint64_t)first[lane] + second[lane];
  return add_rest(bytes + at, length - at, sum);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static uint64_t add_up_avx2(const uint8_t *bytes, size_t length, uint64_t sum) {
  return add_up(bytes, length, sum);
}

uint64_t mp_sum(const uint8_t *bytes, size_t length, uint64_t sum) {
  return __builtin_cpu_supports("avx2") ? add_up_avx2(bytes, length, sum) : add_up(bytes, length, sum);
}
#else
uint64_t mp_sum(const uint8_t *bytes, size_t length, uint64_t sum) { return add_up(bytes, length, sum); }
#endif

uint16_t mp_fold(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)sum;
}

uint64_t mp_pseudo_sum(const uint8_t *packet, const mp_inner *inner) {
  uint64_t protocol = htons(inner->protocol);
  return inner->version == 4 ? mp_sum(packet + 12, 8, protocol) : mp_sum(packet + 8, 32, protocol);
}

void mp_checksum_complete(uint8_t *packet, size_t length, size_t start, size_t at) {
  uint16_t checksum = (uint16_t)~mp_fold(mp_sum(packet + start, length - start, 0));
  if (checksum == 0) checksum = 0xffff; /* the same number, and to UDP not "none" */
  memcpy(packet + at, &checksum, sizeof checksum);
}

bool mp_checksum_right(const uint8_t *packet, size_t length, const mp_inner *inner) {
  static const uint8_t none[2] = {0, 0};
  bool absent = inner->protocol == IPPROTO_UDP && memcmp(packet + inner->checksum_at, none, sizeof none) == 0;
  size_t bytes = length - inner->ip_bytes;
  uint64_t sum = mp_pseudo_sum(packet, inner) + htons((uint16_t)bytes);
  return !absent && mp_fold(mp_sum(packet + inner->ip_bytes, bytes, sum)) == 0xffff;
}

void mp_checksum_ip(uint8_t *packet, const mp_inner *inner) {
  if (inner->version != 4) return;
  memset(packet + 10, 0, 2);
  uint16_t checksum = (uint16_t)~mp_fold(mp_sum(packet, inner->ip_bytes, 0));
  memcpy(packet + 10, &checksum, sizeof checksum);
}
