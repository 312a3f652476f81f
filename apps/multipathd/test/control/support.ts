import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { query, subscription } from '../../src/control/command.ts'
import type { Command, ControlContext, Sink } from '../../src/control/command.ts'
import { ControlError } from '../../src/control/protocol.ts'
import { openControl } from '../../src/control/server.ts'
import type { ControlServer } from '../../src/control/server.ts'
import { EventLog } from '../../src/daemon/event-log.ts'
import type { Monitor } from '../../src/daemon/monitor.ts'
import { Tracing } from '../../src/daemon/tracing.ts'
import { waitFor } from '../support/wait-for.ts'

/** A control socket with commands made for tests. */
export interface TestControl extends AsyncDisposable {
  readonly path: string
  readonly server: ControlServer
  readonly events: EventLog
  readonly tracing: Tracing
  /** What `drip` sends to, for each that is open. */
  readonly drips: Set<Sink>
  /** What commands failed with. */
  readonly faults: unknown[]
}

export async function testControl(
  commands: readonly Command[] = [],
  monitor: Partial<Pick<Monitor, 'snapshot' | 'timeOf' | 'timeNow'>> = {
    snapshot: () => Promise.reject(new Error('nothing to see')),
  },
  living?: ControlContext['living'],
): Promise<TestControl> {
  const folder = await mkdtemp(join(tmpdir(), 'multipathd-control-'))
  const drips = new Set<Sink>()
  const faults: unknown[] = []
  const events = new EventLog(Date.now)
  const tracing = new Tracing()
  const path = join(folder, 'mp0.sock')
  const server = await openControl(path, {
    context: { events, monitor, tracing, living } as unknown as ControlContext,
    commands: [...commands, echo, refuse, fail, drip(drips)],
    onFault: (error) => faults.push(error),
  })
  return {
    path,
    server,
    events,
    tracing,
    drips,
    faults,
    async [Symbol.asyncDispose]() {
      await server.close()
      await rm(folder, { recursive: true })
    },
  }
}

const echo = query({
  name: 'echo',
  about: 'Answers with its text.',
  params: z.strictObject({ text: z.string() }),
  run: (_context, { text }) => text,
})

const refuse = query({
  name: 'refuse',
  about: 'Never does what it is asked.',
  params: z.strictObject({}),
  run: () => {
    throw new ControlError('refused', 'not today')
  },
})

const fail = query({
  name: 'fail',
  about: 'Has a fault.',
  params: z.strictObject({}),
  run: () => Promise.reject(new Error('a fault')),
})

const drip = (sinks: Set<Sink>): Command =>
  subscription({
    name: 'drip',
    about: 'Sends what the test says.',
    params: z.strictObject({}),
    open: (_context, _params, sink) => {
      sinks.add(sink)
      return () => sinks.delete(sink)
    },
  })

/** A client that sends whatever bytes it likes. */
export class RawClient {
  readonly socket: Socket
  #text = ''
  #ended = false

  constructor(path: string) {
    this.socket = connect(path)
    this.socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString()
    })
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.#ended = true
    })
  }

  get ended(): boolean {
    return this.#ended
  }

  /** All replies so far. */
  get replies(): readonly Record<string, unknown>[] {
    return this.#text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  send(...requests: readonly unknown[]): void {
    for (const request of requests) this.socket.write(`${JSON.stringify(request)}\n`)
  }

  /** The replies, once there are `count`. */
  async until(count: number): Promise<readonly Record<string, unknown>[]> {
    await waitFor(() => this.replies.length >= count)
    return this.replies
  }
}
