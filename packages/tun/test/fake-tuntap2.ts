import { EventEmitter } from 'node:events'
import type { Tuntap2 } from '../src/tuntap2.ts'

/** Ends a read whose interface was deleted. */
const deleted = (): void => {}

/** The kernel behind a fake device. */
export interface FakeKernel {
  readonly module: Tuntap2
  /** What the kernel was handed, and what `ip` was told. */
  readonly written: Uint8Array[]
  readonly told: string[]
  /** MTU that was set. */
  readonly mtuBytes: () => number
  /** Sends a packet into the device. */
  send(packet: Uint8Array): void
  readonly run: (command: readonly string[]) => Promise<string | undefined>
}

/**
 * A tuntap2 with the faults of the real one: the kernel chooses the name, the callback of `write` comes only as third
 * argument, and `release` is stuck until the blocking read of a started device ends, by a packet or by the deletion of
 * the interface.
 */
export function fakeTuntap2({ openError }: { openError?: Error } = {}): FakeKernel {
  const written: Uint8Array[] = []
  const told: string[] = []
  const device = new EventEmitter()
  let mtuBytes = 1500
  let endRead: (() => void) | undefined

  class Tun {
    readonly name = 'tun3'
    constructor() {
      if (openError !== undefined) throw openError
    }
    get mtu(): number {
      return mtuBytes
    }
    set mtu(value: number) {
      mtuBytes = value
    }
    on(event: string, listener: (argument: never) => void): void {
      device.on(event, listener as () => void)
    }
    write(packet: Uint8Array, encoding: unknown, done: unknown): boolean {
      const version = packet[0]! >> 4
      const error =
        version === 4 || version === 6 ? null : Object.assign(new Error('EINVAL'), { code: 'EINVAL' })
      if (error === null) written.push(packet)
      // A function as second argument is dropped.
      if (encoding === undefined) queueMicrotask(() => (done as (error: Error | null) => void)(error))
      return true
    }
    release(done: () => void): void {
      if (device.listenerCount('data') === 0 || endRead === deleted) queueMicrotask(done)
      else endRead = done
    }
  }

  return {
    module: { Tun },
    written,
    told,
    mtuBytes: () => mtuBytes,
    send: (packet) => {
      endRead?.()
      device.emit('data', packet)
    },
    run: async (command) => {
      told.push(command.join(' '))
      if (command.includes('delete')) {
        device.emit('error', Object.assign(new Error('EFAULT: bad address'), { code: 'EFAULT' }))
        endRead = deleted
      }
      return command.includes('taken') ? 'RTNETLINK answers: File exists' : undefined
    },
  }
}
