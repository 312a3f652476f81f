import { z } from 'zod'
import { addresses, deviceName, expecting, flag, integer, network } from '../fields.ts'

/** The TUN device of this side. */
export interface Tun {
  readonly name: string
  /** Own addresses inside the tunnel, at most one per family. */
  readonly localAddr: readonly string[]
  /** The other end's, in the order of {@link localAddr}. */
  readonly remoteAddr: readonly string[]
  /** Networks behind the other end: routed into the tunnel. */
  readonly allowedIPs: readonly string[]
  /** Largest IP packet inside the tunnel, bytes. */
  readonly mtu: number
  /** TCP through the tunnel is told to send segments that pass whole. */
  readonly clampMss: boolean
  /** Packets that no path takes whole are cut, also those that must not be fragmented. */
  readonly fragment: boolean
  readonly backend: 'auto' | 'native' | 'tuntap2'
}

/** `tun` of the config. */
export const tun: z.ZodType<Tun> = z
  .strictObject(
    {
      name: deviceName()
        .default('multipath-veth0')
        .meta({ description: 'Name of the TUN device, at most 15 characters.' }),
      localAddr: addresses().meta({
        description: 'Own IP address inside the tunnel, without prefix length; a list for IPv4 and IPv6.',
        examples: ['10.8.0.1', ['10.8.0.1', 'fd00:8::1']],
      }),
      remoteAddr: addresses().meta({
        description: 'IP address of the other end inside the tunnel; a list in the order of `localAddr`.',
        examples: ['10.8.0.2', ['10.8.0.2', 'fd00:8::2']],
      }),
      allowedIPs: z
        .array(network(), { error: expecting('a list of networks') })
        .default([])
        .meta({
          description: 'Networks behind the other end: routed into the tunnel.',
          examples: [['10.1.0.0/16']],
        }),
      mtu: integer(576, 65_535)
        .default(1400)
        .meta({ description: 'Largest IP packet inside the tunnel, bytes; at least 1280 with IPv6.' }),
      clampMss: flag().default(true).meta({
        description: 'Connections of TCP, both ways, are told to send segments that pass all paths whole.',
      }),
      fragment: flag()
        .default(true)
        .meta({
          description:
            'Packets that no path takes whole are cut and joined again at the other end. With `false` those that must not be ' +
            'fragmented (IPv6, IPv4 with DF) are answered with ICMP "packet too big" instead.',
        }),
      backend: z
        .enum(['auto', 'native', 'tuntap2'], { error: expecting('"auto", "native" or "tuntap2"') })
        .default('auto')
        .meta({ description: 'What reads and writes the TUN device. `auto` takes `native` where it loads.' }),
    },
    { error: expecting('an object') },
  )
  .meta({ description: 'The TUN device of this side.' })
