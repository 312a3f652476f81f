#include "simple.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "packet.h"

/* Packets of one direction after which the other one gets its turn. */
enum { TURN = 64 };

static void outward(int tun, int socket) {
  static uint8_t frame[REF_FRAME_BYTES + REF_IP_LIMIT];
  static uint64_t sequence;
  for (int turn = 0; turn < TURN; turn++) {
    ssize_t length = read(tun, frame + REF_FRAME_BYTES, REF_IP_LIMIT);
    if (length <= 0) return;
    put64(frame + 8, sequence++);
    /* What the kernel does not take is lost, as on any line. */
    (void)!send(socket, frame, REF_FRAME_BYTES + (size_t)length, 0);
  }
}

static void inward(int tun, int socket) {
  static uint8_t frame[REF_FRAME_BYTES + REF_IP_LIMIT];
  for (int turn = 0; turn < TURN; turn++) {
    ssize_t length = recv(socket, frame, sizeof frame, MSG_DONTWAIT);
    if (length <= REF_FRAME_BYTES) return;
    (void)!write(tun, frame + REF_FRAME_BYTES, (size_t)length - REF_FRAME_BYTES);
  }
}

void ref_simple(int tun, int socket) {
  struct pollfd ends[] = {{tun, POLLIN, 0}, {socket, POLLIN, 0}};
  while (poll(ends, 2, -1) >= 0) {
    if (ends[0].revents != 0) outward(tun, socket);
    if (ends[1].revents != 0) inward(tun, socket);
  }
}
