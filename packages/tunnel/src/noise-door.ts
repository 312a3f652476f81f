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
    switch (result.kind) {
      case 'drop':
        return result
      case 'cookie':
      case 'repeat':
        return { kind: 'reply', lengthBytes: result.lengthBytes }
      case 'accept':
        return { kind: 'guest', guest: result.hello }
    }
  }

  forget({ publicKey }: ServerPeer): void {
    if (publicKey !== undefined) this.#responder.forget(publicKey)
  }
}
