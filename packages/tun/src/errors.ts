/** What kept a TUN device from being opened, for programs. */
export type TunErrorCode =
  /** There is no /dev/net/tun, or no driver behind it. */
  | 'MP_TUN_NO_DEVICE'
  /** Root or CAP_NET_ADMIN is needed. */
  | 'MP_TUN_PERMISSION'
  /** The name is not one the system takes. */
  | 'MP_TUN_NAME'
  /** An interface of that name exists. */
  | 'MP_TUN_BUSY'
  /** An address is malformed, or the system refused it. */
  | 'MP_TUN_ADDRESS'
  /** A route is malformed, or the system refused it. */
  | 'MP_TUN_ROUTE'
  /** Neither the native addon nor tuntap2 can be used. */
  | 'MP_TUN_NO_BACKEND'
  /** Anything else; the message has what the system said. */
  | 'MP_TUN_FAILED'

/** A TUN device that could not be opened. The message is for people; the system's error, if there is one, is the `cause`. */
export class TunError extends Error {
  override readonly name = 'TunError'
  readonly code: TunErrorCode

  constructor(code: TunErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

const CODES: Readonly<Record<string, TunErrorCode>> = {
  ENOENT: 'MP_TUN_NO_DEVICE',
  ENODEV: 'MP_TUN_NO_DEVICE',
  ENXIO: 'MP_TUN_NO_DEVICE',
  EACCES: 'MP_TUN_PERMISSION',
  EPERM: 'MP_TUN_PERMISSION',
  EBUSY: 'MP_TUN_BUSY',
  // Names are checked beforehand, so that an interface of another kind is what is left.
  EINVAL: 'MP_TUN_BUSY',
}

/** The code for an errno that opening a device gave. */
export function tunErrorCode(errno: string): TunErrorCode {
  return CODES[errno] ?? 'MP_TUN_FAILED'
}
