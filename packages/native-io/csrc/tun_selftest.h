/* Whether the kernel's TUN offloads do what they say: packets pass through a device that nobody else sees. */
#ifndef MP_TUN_SELFTEST_H
#define MP_TUN_SELFTEST_H

#include <stdint.h>

typedef struct {
  uint32_t broken;    /* MP_OFFLOAD_... that must not be used */
  const char *reason; /* NULL when there are none */
} mp_tun_verdict;

/*
 * Which of the `wanted` offloads failed. Tests once per process, in a network namespace that is gone afterwards; where
 * the process may not make one, nothing is tested and nothing is broken.
 */
mp_tun_verdict mp_tun_selftest(uint32_t wanted);

#endif
