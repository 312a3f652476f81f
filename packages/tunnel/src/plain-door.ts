import { TokenBucket } from '@mp/secure-channel'
import { DECODE_ERROR_NAMES, DecodeError, FrameCodec, FrameHeader, FrameType, Handshake } from '@mp/wire'
import type { Door, DoorResult, Knock, ServerPeer } from './door.ts'

/** Whoever comes: without keys nobody can be told from anybody else. */
export const ANYONE: ServerPeer = { name: 'client', allowedIPs: ['0.0.0.0/0', '::/0'] }

/** Sessions begun for strangers: a client that starts anew needs one, a flood of hellos shall not keep us busy. */
const SESSIONS_PER_SECOND = 5
const SESSIONS_AT_ONCE = 20

/** Lets anyone in, one at a time. A hello with another instance id than before is the client started anew. */
export class PlainDoor implements Door {
  /** The last hello that was answered, and with which index. */
  #last: { readonly hello: Handshake; readonly localIndex: number } | undefined
  readonly #isSession: (localIndex: number) => boolean
  readonly #sessions = new TokenBucket(SESSIONS_PER_SECOND, SESSIONS_AT_ONCE)

  /** `isSession` says whether there is a session of ours by that index, still. */
  constructor(isSession: (localIndex: number) => boolean) {
    this.#isSession = isSession
  }

  handleHello({ frame, nowMs }: Knock, into: Uint8Array): DoorResult {
    const codec = new FrameCodec(frame)
    const header = new FrameHeader()
    const hello = new Handshake()
    codec.readClear(0, frame.length, header)
    const code = codec.readHandshake(0, frame.length, hello)
    if (code !== DecodeError.none) return { kind: 'drop', reason: DECODE_ERROR_NAMES[code]! }
    const answer = (localIndex: number): number =>
      writeWelcome(into, { pathId: header.pathId, hello, localIndex })
    const last = this.#last
    if (last !== undefined && isSame(last.hello, hello) && this.#isSession(last.localIndex)) {
      return { kind: 'reply', lengthBytes: answer(last.localIndex) }
    }
    if (!this.#sessions.take(nowMs)) return { kind: 'drop', reason: 'hello-flood' }
    const respond = ({ localIndex }: { readonly localIndex: number }): { readonly lengthBytes: number } => {
      this.#last = { hello, localIndex }
      return { lengthBytes: answer(localIndex) }
    }
    return { kind: 'guest', guest: { peer: ANYONE, remoteIndex: hello.sender, session: 0, respond } }
  }

  forget(): void {
    this.#last = undefined
  }
}

function isSame(a: Handshake, b: Handshake): boolean {
  return a.sender === b.sender && a.instanceHigh === b.instanceHigh && a.instanceLow === b.instanceLow
}

function writeWelcome(
  into: Uint8Array,
  {
    pathId,
    hello,
    localIndex,
  }: { readonly pathId: number; readonly hello: Handshake; readonly localIndex: number },
): number {
  const header = new FrameHeader()
  header.type = FrameType.welcome
  header.receiver = hello.sender
  header.pathId = pathId
  const welcome = new Handshake()
  welcome.sender = localIndex
  welcome.instanceHigh = hello.instanceHigh
  welcome.instanceLow = hello.instanceLow
  return new FrameCodec(into).writeHandshake(0, header, welcome)
}
