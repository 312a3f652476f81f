#include "checksum.h"

#include <string.h>

/* Eight sums side by side, each of 32-bit words in 64 bits: nothing can overflow, and the compiler makes vectors of it. */
static uint64_t sum_blocks(const uint8_t *bytes, size_t blocks) {
  uint64_t lanes[8] = {0};
  for (; blocks > 0; blocks--, bytes += 32) {
    uint32_t words[8];
    memcpy(words, bytes, sizeof words);
    for (int lane = 0; lane < 8; lane++) lanes[lane] += words[lane];
  }
  uint64_t sum = 0;
  for (int lane = 0; lane < 8; lane++) sum += lanes[lane];
  return sum;
}

uint64_t ref_sum(const uint8_t *bytes, size_t length, uint64_t sum) {
  size_t blocks = length / 32;
  if (blocks > 0) sum += sum_blocks(bytes, blocks);
  bytes += blocks * 32;
  length %= 32;
  for (; length >= 4; bytes += 4, length -= 4) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    sum += word;
  }
  if (length == 0) return sum;
  uint32_t rest = 0;
  memcpy(&rest, bytes, length);
  return sum + rest;
}

uint64_t ref_pseudo(const uint8_t *packet, const ref_shape *shape) {
  uint64_t sum = ref_word(shape->protocol);
  return shape->v4 ? ref_sum(packet + 12, 8, sum) : ref_sum(packet + 8, 32, sum);
}

void ref_checksum_ip(uint8_t *packet, uint32_t ip_bytes) {
  packet[10] = packet[11] = 0;
  ref_put_checksum(packet + 10, ref_sum(packet, ip_bytes, 0), false);
}

bool ref_verify(const uint8_t *packet, size_t length, const ref_shape *shape) {
  const uint8_t *transport = packet + shape->ip_bytes;
  size_t bytes = length - shape->ip_bytes;
  if (shape->protocol == REF_UDP && get16(transport + 6) == 0) return false;
  uint64_t sum = ref_pseudo(packet, shape) + ref_word((uint32_t)bytes);
  return ref_fold(ref_sum(transport, bytes, sum)) == 0xffff;
}

void ref_complete(uint8_t *packet, size_t length, uint32_t start, uint32_t offset) {
  if (start + offset + 2 > length) return;
  uint64_t sum = ref_sum(packet + start, length - start, 0);
  ref_put_checksum(packet + start + offset, sum, offset == 6);
}
