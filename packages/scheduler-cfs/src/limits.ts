/** Virtual bytes the minimum may reach before all are moved down: leaves 13 of 53 bits for fractions of a byte. */
export const RENORMALISE_ABOVE_BYTES: number = 2 ** 40

/** Most virtual bytes of one charge: keeps sums finite, and so comparable, whatever the weight. */
export const MAX_STEP_BYTES: number = 2 ** 52

/** The largest IP packet, bytes. */
export const LARGEST_PACKET_BYTES = 65_535
