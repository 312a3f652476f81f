import type { Socket } from 'node:net'
import { z } from 'zod'
import { nearest } from '../config/nearest.ts'
import type { Command, ControlContext, Query, Subscription } from './command.ts'
import { LineReader } from './line-reader.ts'
import {
  ControlError,
  BEHIND_BYTES,
  MAX_QUEUED_BYTES,
  MAX_REQUEST_BYTES,
  MAX_UNDER_WAY,
  PROTOCOL_VERSION,
  requestSchema,
} from './protocol.ts'
import type { ControlFault, ControlReply, ControlRequest, ErrorCode, RequestId } from './protocol.ts'

/** Who is told that it ends has this long to read it, ms. */
const LAST_WORDS_MS = 2000

/** What a client is served with. */
export interface Service {
  readonly context: ControlContext
  readonly commands: readonly Command[]
  /** A command failed in a way that is none of the client's making. */
  readonly onFault: (error: unknown) => void
}

/** One client of the control socket. Whatever it sends, it harms only itself. */
export class Connection {
  readonly #socket: Socket
  readonly #service: Service
  readonly #reader = new LineReader(MAX_REQUEST_BYTES)
  /** What is under way, and how to end it; nothing ends a query. */
  readonly #underWay = new Map<RequestId, (() => void) | undefined>()

  constructor(socket: Socket, service: Service) {
    this.#socket = socket
    this.#service = service
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    // Without a listener it would be thrown; `close` follows.
    socket.on('error', () => {})
    socket.on('close', () => this.#endAll())
  }

  /** Ends the connection with a last word that says why. */
  close(code: ErrorCode, message: string): void {
    if (this.#socket.writableEnded) return
    this.#endAll()
    this.#socket.end(lineOf({ id: null, error: { code, message } }))
    this.#socket.pause()
    setTimeout(() => this.#socket.destroy(), LAST_WORDS_MS).unref()
  }

  #read(chunk: Buffer): void {
    const lines = this.#reader.push(chunk)
    if (lines === undefined) {
      return this.close('too-large', `a request has at most ${MAX_REQUEST_BYTES} bytes`)
    }
    for (const line of lines) if (line.trim() !== '') this.#take(line)
  }

  #take(line: string): void {
    const request = parseRequest(line)
    if ('error' in request) return this.#say(request)
    void this.#serve(request).catch((error: unknown) => {
      this.#underWay.delete(request.id)
      this.#say({ id: request.id, error: this.#faultOf(error) })
    })
  }

  async #serve(request: ControlRequest): Promise<void> {
    const { id, command: name, params = {} } = request
    if (name === 'cancel') return this.#cancel(id, params)
    if (this.#underWay.has(id))
      throw new ControlError('bad-request', `id ${id} is under way: use another one`)
    if (this.#underWay.size === MAX_UNDER_WAY)
      throw new ControlError('busy', `${MAX_UNDER_WAY} requests are under way: wait, or cancel one`)
    const command = this.#commandNamed(name)
    if ('open' in command) this.#open(id, command, params)
    else await this.#run(id, command, params)
  }

  async #run(id: RequestId, command: Query, params: unknown): Promise<void> {
    this.#underWay.set(id, undefined)
    const result = await command.run(this.#service.context, params)
    this.#underWay.delete(id)
    this.#say({ id, result: result ?? null })
  }

  #open(id: RequestId, command: Subscription, params: unknown): void {
    let isOpen = true
    let stop: (() => void) | undefined
    const end = (): void => {
      isOpen = false
      stop?.()
    }
    this.#underWay.set(id, end)
    const socket = this.#socket
    const sink = {
      get isBehind() {
        return socket.writableLength > BEHIND_BYTES
      },
      send: (item: unknown) => {
        if (isOpen) this.#say({ id, item })
      },
      end: (reason: string) => {
        if (isOpen) this.#end(id, end, reason)
      },
    }
    stop = command.open(this.#service.context, params, sink)
    if (!isOpen) stop()
  }

  #cancel(id: RequestId, params: Readonly<Record<string, unknown>>): void {
    const subscribed = params['id'] as RequestId
    const end = this.#underWay.get(subscribed)
    if (end === undefined)
      throw new ControlError(
        'bad-params',
        `expected params { "id": … } of a subscription, found none of that id`,
      )
    this.#end(subscribed, end, 'cancelled')
    this.#say({ id, result: null })
  }

  #end(id: RequestId, end: () => void, reason: string): void {
    this.#underWay.delete(id)
    end()
    this.#say({ id, end: reason })
  }

  #endAll(): void {
    for (const end of this.#underWay.values()) end?.()
    this.#underWay.clear()
  }

  #commandNamed(name: string): Command {
    const { commands } = this.#service
    const command = commands.find((each) => each.name === name)
    if (command !== undefined) return command
    const known = commands.map((each) => each.name)
    throw new ControlError(
      'unknown-command',
      `unknown command "${name}": did you mean "${nearest(name, known)}"? Known are ${known.join(', ')}`,
    )
  }

  #faultOf(error: unknown): ControlFault {
    if (error instanceof ControlError) return { code: error.code, message: error.message }
    this.#service.onFault(error)
    return { code: 'internal', message: error instanceof Error ? error.message : String(error) }
  }

  #say(reply: Unversioned): void {
    const socket = this.#socket
    if (socket.writableEnded || socket.destroyed) return
    if (socket.writableLength > MAX_QUEUED_BYTES) {
      return this.close(
        'slow-reader',
        `${socket.writableLength} bytes wait to be read: read faster, or ask for less`,
      )
    }
    socket.write(lineOf(reply))
  }
}

type Unversioned = ControlReply extends infer R ? (R extends unknown ? Omit<R, 'v'> : never) : never

const lineOf = (reply: Unversioned): string => `${JSON.stringify({ v: PROTOCOL_VERSION, ...reply })}\n`

function parseRequest(
  line: string,
): ControlRequest | { readonly id: RequestId | null; readonly error: ControlFault } {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { id: null, error: { code: 'bad-request', message: 'expected one JSON object a line' } }
  }
  const parsed = requestSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const { v, id } = (value ?? {}) as Partial<Record<string, unknown>>
  const known = typeof id === 'number' || typeof id === 'string' ? id : null
  if (v !== undefined && v !== PROTOCOL_VERSION) {
    const message = `this daemon speaks version ${PROTOCOL_VERSION}, found ${JSON.stringify(v)}: use the multipathd that came with it`
    return { id: known, error: { code: 'unsupported-version', message } }
  }
  return { id: known, error: { code: 'bad-request', message: z.prettifyError(parsed.error) } }
}
