#include <inttypes.h>
#include <stdio.h>

#include "traffic.h"

enum { BIN_NS = 10000000, BINS = 12000 };

static uint64_t bins[BINS];
static int64_t first_ns;

void traffic_arrived(size_t bytes) {
  int64_t now = traffic_now_ns();
  if (first_ns == 0) first_ns = now;
  int64_t bin = (now - first_ns) / BIN_NS;
  if (bin < BINS) bins[bin] += bytes;
}

bool traffic_is_over(unsigned seconds) {
  return first_ns != 0 && traffic_now_ns() - first_ns >= (int64_t)seconds * 1000000000;
}

void traffic_print_arrivals(unsigned seconds) {
  unsigned count = seconds * (1000000000 / BIN_NS);
  printf("{\"firstMs\": %.3f, \"binMs\": %d, \"bytes\": [", (double)first_ns / 1e6, BIN_NS / 1000000);
  for (unsigned bin = 0; bin < count && bin < BINS; bin++) printf("%s%" PRIu64, bin > 0 ? ", " : "", bins[bin]);
  printf("]}\n");
  fflush(stdout);
}
