import type { Binding } from './binding.ts'
import { NativeIoError, errorName } from './errors.ts'

/** Throws {@link NativeIoError} when nobody takes the words. */
export function notifyService(binding: Binding, socketPath: string, text: string): void {
  try {
    binding.notifyService(socketPath, text)
  } catch (error) {
    const { errno, syscall } = error as { errno?: number; syscall?: string }
    if (errno === undefined || syscall === undefined) throw error
    const code = errorName(errno)
    throw new NativeIoError(code, syscall, `the service manager at ${socketPath} does not listen: ${code}`)
  }
}
