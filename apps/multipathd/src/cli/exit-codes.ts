/** How multipathd ends. The numbers above 1 are those of `sysexits.h`, with its meanings. */
export const EXIT = {
  /** Did what was asked; a daemon: ended by SIGINT or SIGTERM. */
  ok: 0,
  /** `check` and `doctor` found faults, `pubkey` no key, and `reload` what a running daemon cannot follow. */
  faults: 1,
  /** The command line is wrong. */
  usage: 64,
  /** The config file cannot be read. */
  noInput: 66,
  /** Something it needs is not there: a port is taken, an address is not of this machine. */
  unavailable: 69,
  /** A fault of multipathd itself, or of its installation. */
  internal: 70,
  /** There is no /dev/net/tun. */
  noTun: 71,
  /** `init` or `install` finds files that it would overwrite. */
  exists: 73,
  /** The disk is full, or something else keeps a result or a file from being written whole. */
  notWritten: 74,
  /** The system forbids it: root or CAP_NET_ADMIN is missing. */
  noPermission: 77,
  /** The config is faulty. */
  config: 78,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
