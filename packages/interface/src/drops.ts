/** Packets dropped, by reason. Every dropped packet is in exactly one counter. Names are kebab-case. */
export type Drops = Readonly<Record<string, number>>
