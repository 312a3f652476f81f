import { getSystemErrorName } from 'node:util'
import { explainFault } from '@mp/runtime-node'

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

/** What to do about refusals that mean something else for a TUN device than for a socket. */
const TUN_ADVICE: Readonly<Record<string, string>> = {
  '/dev/net/tun ENOENT': LOAD_DRIVER,
  '/dev/net/tun ENODEV': LOAD_DRIVER,
  '/dev/net/tun EACCES': 'run as root, or give this user access to /dev/net/tun',
  'TUNSETIFF EPERM': 'making a TUN device needs root or CAP_NET_ADMIN',
  'TUNSETIFF EBUSY':
    'an interface of this name is in use: choose another name, or stop the program that holds it',
  'TUNSETIFF EINVAL': 'the name is not allowed, or an interface of this name is of another kind',
  'utun EINVAL': 'a TUN device is called utun and a number here, and has one queue',
  'utun EPERM': 'making a TUN device needs root',
  'utun EBUSY': 'this number is taken: choose another, or leave the name out',
  'mtu EPERM': 'setting the MTU needs root or CAP_NET_ADMIN',
}

/** Calls `open` and turns what the addon throws into a {@link NativeIoError} about `what`. */
export function opening<T>(what: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    const { errno, syscall } = error as { errno?: number; syscall?: string }
    if (errno === undefined || syscall === undefined) throw error
    const code = errorName(errno)
    const advice = TUN_ADVICE[`${syscall} ${code}`] ?? explainFault({ code }).advice
    throw new NativeIoError(code, syscall, `cannot open ${what}: ${syscall} failed with ${code}: ${advice}`)
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
