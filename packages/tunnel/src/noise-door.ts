import { Responder } from '@mp/secure-channel'
import type { ResponderOptions } from '@mp/secure-channel'
import type { Door, DoorResult, Knock, ServerPeer } from './door.ts'

/** Lets in whoever proves to be one of the peers; silent to all others. */
export class NoiseDoor implements Door {
  readonly #responder: Responder<ServerPeer>

  constructor(options: ResponderOptions<ServerPeer>) {
    this.#responder = new Responder(options)
  }

  handleHello(knock: Knock, into: Uint8Array): DoorResult {
    const result = this.#responder.handleHello(knock, into)
    if (result.kind === 'drop') return result
    if (result.kind === 'accept') return { kind: 'guest', guest: result.hello }
    return { kind: 'reply', lengthBytes: result.lengthBytes }
  }

  forget({ publicKey }: ServerPeer): void {
    if (publicKey !== undefined) this.#responder.forget(publicKey)
  }
}
