import { z } from 'zod'
import { expecting, flag } from '../fields.ts'

/** What the kernel may do for many packets at once. */
export interface Offload {
  /** Cut runs of datagrams that are sent as one message. */
  readonly gso: boolean
  /** Join datagrams that are received. */
  readonly gro: boolean
  /** Leave checksums to whoever needs them. */
  readonly checksum: boolean
  /** Read many packets of a TCP flow from the TUN at once. */
  readonly tso: boolean
  /** The same for UDP. */
  readonly uso: boolean
  /** Write many packets of a flow to the TUN at once. */
  readonly coalesce: boolean
}

/** `offload` of the config. */
export const offload: z.ZodType<Offload> = z
  .strictObject(
    {
      gso: flag().default(true).meta({
        description: 'Datagrams of one size go to the kernel together, which cuts them (UDP_SEGMENT).',
      }),
      gro: flag()
        .default(true)
        .meta({ description: 'The kernel joins datagrams of one size that it received (UDP_GRO).' }),
      checksum: flag().default(true).meta({
        description:
          'Checksums of packets from the TUN may be left to the system. Needed by `tso` and `uso`.',
      }),
      tso: flag()
        .default(true)
        .meta({ description: 'The TUN hands over up to 64 KiB of a TCP flow at once.' }),
      uso: flag().default(true).meta({ description: 'The same for UDP, since Linux 6.2.' }),
      coalesce: flag()
        .default(true)
        .meta({ description: 'Packets of a flow that follow each other are written to the TUN at once.' }),
    },
    { error: expecting('an object') },
  )
  .prefault({})
  .meta({
    description:
      'Work on many packets at once that is left to the kernel, on Linux with the addon. ' +
      'Each is used only where it works: switch one off to look for a fault.',
  })
