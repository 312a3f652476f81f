import type { Binding } from './binding.ts'
import { NativeIoError, errorName } from './errors.ts'

/** Whom to become and what to keep. */
export interface PrivilegeOptions {
  /** Name of a user of this system, not root. */
  readonly user: string
  /** Keep CAP_NET_RAW as well: before Linux 5.7 a socket needs it to be bound to a device. Default false. */
  readonly keepNetRaw?: boolean
}

const ADVICE: Readonly<Record<string, string>> = {
  'getpwnam ENOENT': 'there is no such user: make it with `useradd --system --no-create-home`',
  'getpwnam EINVAL': 'that is root itself: name a user without rights',
  'setgroups EPERM': 'only root can become another user',
  'dropPrivileges ENOTSUP': 'this is done on Linux only',
  'seccomp EBUSY': 'a thread has a seccomp filter of its own',
}

/**
 * Makes the process one of `user`, without supplementary groups, for good. Throws {@link NativeIoError} when the
 * system refuses; what was given up by then stays so, and the process should end.
 */
export function dropPrivileges(binding: Binding, { user, keepNetRaw = false }: PrivilegeOptions): void {
  try {
    binding.dropPrivileges(user, keepNetRaw)
  } catch (error) {
    const { errno, syscall } = error as { errno?: number; syscall?: string }
    if (errno === undefined || syscall === undefined) throw error
    const code = errorName(errno)
    const advice = ADVICE[`${syscall} ${code}`] ?? `${syscall} failed with ${code}`
    throw new NativeIoError(code, syscall, `cannot become user "${user}": ${advice}`)
  }
}
