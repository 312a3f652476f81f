import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { EXIT } from '../cli/exit-codes.ts'
import type { ExitCode } from '../cli/exit-codes.ts'
import { ExitError } from '../cli/explain.ts'
import { LineReader } from './line-reader.ts'
import { PROTOCOL_VERSION } from './protocol.ts'
import type { ControlFault, ErrorCode } from './protocol.ts'

/** More than any snapshot, bytes: what is longer did not come from a daemon. */
const MAX_REPLY_BYTES = 256 * 1024 * 1024

/** A daemon that says nothing for so long hangs, or was stopped, ms. To follow a large config takes some seconds. */
const ANSWER_MS = 20_000

/** What an error says to who asked; of all others, that the daemon does not do it. */
const EXITS: Partial<Record<ErrorCode, ExitCode>> = {
  'bad-params': EXIT.usage,
  'bad-config': EXIT.config,
  'no-config': EXIT.noInput,
  internal: EXIT.internal,
}

/** A line from the daemon: one of the four forms of the protocol. */
interface Reply {
  readonly id: number | null
  readonly result?: unknown
  readonly error?: ControlFault
  readonly item?: unknown
  readonly end?: string
}

/** Asks a daemon. One that goes away, or refuses, ends what is under way with an {@link ExitError}. */
export class ControlClient {
  readonly #socket: Socket
  readonly #reader = new LineReader(MAX_REPLY_BYTES)
  readonly #waiting = new Map<number, (reply: Reply | ExitError) => void>()
  #ended: ExitError | undefined
  #nextId = 1

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', (error) => this.#end(`the daemon is gone: ${error.message}`))
    socket.on('close', () => this.#end('the daemon is gone: it closed the connection'))
  }

  /** Rejects with an {@link ExitError} that says what to do when nobody answers at `path`. */
  static connect(path: string): Promise<ControlClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(path)
      socket.once('error', (error: NodeJS.ErrnoException) => reject(refusal(path, error)))
      socket.once('connect', () => {
        socket.removeAllListeners('error')
        resolve(new ControlClient(socket))
      })
    })
  }

  /** One question, one answer, within `withinMs`. */
  async request(command: string, params: object = {}, withinMs: number = ANSWER_MS): Promise<unknown> {
    const id = this.#send(command, params)
    const timer = setTimeout(() => this.#end(silence(withinMs)), withinMs)
    try {
      return (await this.#next(id)).result
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(id)
    }
  }

  /** What a subscription sends; ends with it, or when the loop is left. */
  async *subscribe(command: string, params: object = {}): AsyncGenerator<unknown, void, undefined> {
    const id = this.#send(command, params)
    try {
      for await (const reply of this.#replies(id)) yield reply.item
    } finally {
      this.#waiting.delete(id)
    }
  }

  /** Ends what is subscribed to, as if the daemon had ended it. */
  finish(): void {
    for (const [id, settle] of this.#waiting) settle({ id, end: 'finished' })
  }

  close(): void {
    this.#ended ??= new ExitError(EXIT.ok, 'closed')
    this.#socket.destroy()
  }

  async *#replies(id: number): AsyncGenerator<Reply, void, undefined> {
    const queue: (Reply | ExitError)[] = []
    let wake: (() => void) | undefined
    this.#waiting.set(id, (reply) => {
      queue.push(reply)
      wake?.()
    })
    for (;;) {
      const reply = queue.shift() ?? this.#ended
      if (reply instanceof ExitError) throw reply
      if (reply?.end !== undefined) return
      if (reply === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      } else {
        yield checked(reply)
      }
    }
  }

  #next(id: number): Promise<Reply> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (reply) => {
        if (reply instanceof ExitError) return reject(reply)
        try {
          resolve(checked(reply))
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  #send(command: string, params: object): number {
    const id = this.#nextId++
    this.#socket.write(`${JSON.stringify({ v: PROTOCOL_VERSION, id, command, params })}\n`)
    return id
  }

  #read(chunk: Buffer): void {
    for (const line of this.#reader.push(chunk) ?? []) {
      const reply = JSON.parse(line) as Reply
      if (reply.id === null) this.#end(`the daemon ends the connection: ${reply.error?.message ?? line}`)
      else this.#waiting.get(reply.id)?.(reply)
    }
  }

  #end(message: string): void {
    this.#ended ??= new ExitError(EXIT.unavailable, message)
    for (const settle of this.#waiting.values()) settle(this.#ended)
    this.#waiting.clear()
  }
}

function checked(reply: Reply): Reply {
  if (reply.error === undefined) return reply
  const { code, message } = reply.error
  throw new ExitError(EXITS[code] ?? EXIT.unavailable, message)
}

const silence = (ms: number): string =>
  `the daemon does not answer for ${ms / 1000} s: it hangs, or was stopped. Wait, or end its process with \`kill\``

function refusal(path: string, { code, message }: NodeJS.ErrnoException): ExitError {
  if (code === 'ENOENT')
    return new ExitError(
      EXIT.unavailable,
      `no daemon has its control socket at "${path}": start it, or name another with --socket`,
    )
  if (code === 'ECONNREFUSED')
    return new ExitError(EXIT.unavailable, `nobody answers at "${path}": the daemon has ended`)
  if (code === 'EACCES')
    return new ExitError(EXIT.noPermission, `the daemon at "${path}" belongs to another user: try sudo`)
  return new ExitError(EXIT.unavailable, `cannot reach the daemon at "${path}": ${message}`)
}
