import { getSystemErrorName } from 'node:util'

/** The system refused something. `code` is the name of the errno, the message says what to do. */
export class NativeIoError extends Error {
  override readonly name = 'NativeIoError'
  /** As in errno: `EADDRINUSE`, `EACCES`, `ENODEV`, … */
  readonly code: string
  /** The call or option that failed: `bind`, `device`, `/dev/net/tun`, `TUNSETIFF`, … */
  readonly syscall: string

  constructor(code: string, syscall: string, message: string) {
    super(message)
    this.code = code
    this.syscall = syscall
  }
}

/** Name of an errno, such as `ECONNREFUSED`. */
export function errorName(errno: number): string {
  return getSystemErrorName(-errno)
}

const LOAD_DRIVER = 'load the driver with `modprobe tun`; start a container with `--device /dev/net/tun`'
const TUN_ADVICE: Readonly<Record<string, string>> = {
  ENOENT: LOAD_DRIVER,
  ENODEV: LOAD_DRIVER,
  ENXIO: LOAD_DRIVER,
  EACCES: 'run as root, or give this user access to /dev/net/tun',
  EPERM: 'making a TUN device needs root or CAP_NET_ADMIN (`--cap-add NET_ADMIN` for a container)',
  EBUSY: 'an interface of this name is in use: choose another name, or stop the program that holds it',
  EINVAL:
    'the name is not allowed (on Darwin it is utun and a number), or an interface of another kind has it',
}

/** What to do when a TUN device cannot be opened for the reason `code`, as in errno. */
export function tunAdvice(code: string): string {
  return TUN_ADVICE[code] ?? `the system says ${code}`
}

/** Calls `open` and turns what the addon throws into a {@link NativeIoError} about `what`, with advice by errno. */
export function opening<T>(what: string, advise: (code: string) => string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    const { errno, syscall } = error as { errno?: number; syscall?: string }
    if (errno === undefined || syscall === undefined) throw error
    const code = errorName(errno)
    throw new NativeIoError(
      code,
      syscall,
      `cannot open ${what}: ${syscall} failed with ${code}: ${advise(code)}`,
    )
  }
}

/** Throws RangeError unless `value` is an integer within bounds. */
export function checkRange(
  name: string,
  value: number,
  [least, most]: readonly [least: number, most: number],
): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new RangeError(`${name} must be an integer between ${least} and ${most}, not ${value}`)
}
