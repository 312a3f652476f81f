import type { TappedPacket, TraceEntry, TraceSwitch } from '@mp/tunnel'

/** Lets several watch what the tunnel decides and carries; while nobody does, the switch is off. */
export class Tracing {
  readonly toTunnel: TraceSwitch = { decisions: undefined, packets: undefined }
  readonly #decisions = new Set<(entry: TraceEntry) => void>()
  readonly #packets = new Set<(packet: TappedPacket) => void>()

  /** Tells `listener` of every decision from now on; what is returned ends it. */
  watchDecisions(listener: (entry: TraceEntry) => void): () => void {
    this.#decisions.add(listener)
    this.toTunnel.decisions = (entry) => {
      for (const each of this.#decisions) each(entry)
    }
    return () => {
      this.#decisions.delete(listener)
      if (this.#decisions.size === 0) this.toTunnel.decisions = undefined
    }
  }

  /** Shows `listener` every packet from now on; what is returned ends it. */
  watchPackets(listener: (packet: TappedPacket) => void): () => void {
    this.#packets.add(listener)
    this.toTunnel.packets = (packet) => {
      for (const each of this.#packets) each(packet)
    }
    return () => {
      this.#packets.delete(listener)
      if (this.#packets.size === 0) this.toTunnel.packets = undefined
    }
  }
}
