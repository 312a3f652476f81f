#include "checksum.h"

#include <arpa/inet.h>
#include <string.h>

/* Eight bytes a step, their halves into two sums of which neither can overflow: 2^32 steps would be needed. */
uint64_t mp_sum(const uint8_t *bytes, size_t length, uint64_t sum) {
  uint64_t low = 0, high = 0, word;
  size_t at = 0;
  for (; at + 32 <= length; at += 32) {
    uint64_t words[4];
    memcpy(words, bytes + at, sizeof words);
    low += (uint32_t)words[0] + (uint64_t)(uint32_t)words[1] + (uint32_t)words[2] + (uint32_t)words[3];
    high += (words[0] >> 32) + (words[1] >> 32) + (words[2] >> 32) + (words[3] >> 32);
  }
  for (; at < length; at += 8) {
    word = 0;
    memcpy(&word, bytes + at, length - at < 8 ? length - at : 8);
    low += (uint32_t)word;
    high += word >> 32;
  }
  sum += (low & 0xffffffff) + (low >> 32);
  return sum + (high & 0xffffffff) + (high >> 32);
}

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
