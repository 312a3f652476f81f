import type { Random } from '@mp/testkit'
import { seededRandom } from '@mp/testkit'
import { packets } from './packets.ts'
import { nowhere, stranger, throwAt } from './raw.ts'
import { pathsOf, World } from './world.ts'
import type { End, Side } from './world.ts'

const STEPS = 80
const SIDES: readonly Side[] = ['client', 'server']

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/**
 * An encrypted world in which somebody who sees all frames does what he likes with them, while lines fail, addresses
 * change and ends start anew. All of it comes from a seed.
 */
export class Fuzzer {
  readonly world: World
  /** What each side was given to send, ever. Packets tell their number, so no two are alike. */
  readonly given: Readonly<Record<Side, Set<string>>> = { client: new Set(), server: new Set() }
  readonly #random: Random
  #nextId = 0

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    const isAdaptive = seed % 2 === 0
    const cipher = this.#chance(0.5) ? 'aes-256-gcm' : 'chacha20-poly1305'
    const maxFrameBytes = this.#chance(0.3) ? 300 : 1472
    this.world = new World({ seed, isAdaptive, security: { cipher }, wire: { maxFrameBytes } })
  }

  async run(): Promise<void> {
    await this.world.start()
    for (let step = 0; step < STEPS; step++) await this.#step()
    this.world.restoreAll()
    await this.world.until(() => this.world.allHealthy(), 60_000)
    await this.world.pass(1000)
  }

  /** What came out of a TUN and was not given to the other side, or came out before. */
  surplus(side: Side): string[] {
    const given = new Set(this.given[side === 'client' ? 'server' : 'client'])
    const received = this.world.ends.filter((end) => end.side === side).flatMap(({ tun }) => tun.received)
    return received.map(textOf).filter((text) => !given.delete(text))
  }

  async #step(): Promise<void> {
    const { world } = this
    const draw = this.#random()
    if (draw < 0.25) this.#send(world[this.#pick(SIDES)])
    else if (draw < 0.7) this.#attack(world[this.#pick(SIDES)])
    else if (draw < 0.9) await world.pass(this.#below(this.#chance(0.1) ? 60_000 : 300))
    else if (draw < 0.94) world.line(this.#below(2)).cut()
    else if (draw < 0.97) world.line(this.#below(2)).restore()
    else if (draw < 0.99) this.#rebind()
    else await this.#restart(this.#pick(SIDES))
  }

  #send(end: End): void {
    const count = 1 + this.#below(20)
    const sent = packets(count, { from: this.#nextId, bytes: 60 + this.#below(900) })
    this.#nextId += count
    for (const bytes of sent) this.given[end.side].add(textOf(bytes))
    end.tun.injectBatch(sent)
  }

  #attack(end: End): void {
    const frames = Array.from({ length: 1 + this.#below(150) }, () => this.#frame())
    throwAt(end, frames, this.#chance(0.5) ? stranger(end).source : nowhere(end))
  }

  /** One that was seen anywhere, as it was or changed, or one that is made up. */
  #frame(): Uint8Array {
    const frame = this.#seen() ?? this.#noise(this.#below(200))
    const draw = this.#random()
    if (draw < 0.4) return frame
    if (draw < 0.7) return this.#damaged(frame)
    if (draw < 0.8) return frame.slice(0, this.#below(frame.length))
    if (draw < 0.9) return Uint8Array.of(...frame.subarray(0, 1000), ...this.#noise(this.#below(40)))
    return Uint8Array.of(...frame.subarray(0, this.#below(40)), ...this.#noise(this.#below(200)))
  }

  #seen(): Uint8Array | undefined {
    const { tap } = this.#pick(this.world.ends)
    const frames = this.#chance(0.5) ? tap.sent : tap.received
    // The latest are the most dangerous.
    const last = this.#chance(0.5) ? Math.min(frames.length, 50) : frames.length
    return frames.at(-1 - this.#below(last))?.bytes
  }

  #damaged(frame: Uint8Array): Uint8Array {
    const bytes = frame.slice()
    for (let change = this.#below(4); change >= 0; change--) {
      const at = this.#chance(0.5) ? this.#below(20) : this.#below(bytes.length)
      if (at < bytes.length) bytes[at]! ^= 1 << this.#below(8)
    }
    return bytes
  }

  #rebind(): void {
    const localAddress = this.#pick(pathsOf(this.world.client))?.localAddress
    if (localAddress !== undefined) this.world.network.rebind({ localAddress })
  }

  async #restart(side: Side): Promise<void> {
    if (this.#chance(0.5)) await this.world.kill(side)
    else await this.world[side].tunnel.close()
    if (side === 'client') this.world.startClient()
    else await this.world.startServer()
  }

  #noise(lengthBytes: number): Uint8Array {
    return Uint8Array.from({ length: lengthBytes }, () => this.#below(256))
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)]!
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #chance(share: number): boolean {
    return this.#random() < share
  }
}
