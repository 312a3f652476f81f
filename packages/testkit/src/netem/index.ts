import { seededRandom } from '../random.ts'
import { EmulatedLink, type ItemOwner } from './emulated-link.ts'
import type { LineOptions } from './options.ts'

export { EmulatedLink, type ItemOwner, type LineStats } from './emulated-link.ts'
export { gilbertElliott, type GilbertElliott, type Loss } from './loss.ts'
export type { Line, LineOptions } from './options.ts'

/** What an emulated line needs besides its properties. */
export interface NetemOptions extends ItemOwner {
  /** The same seed and the same packets give the same fate. Default 1. */
  readonly seed?: number
}

/** One direction of a line. Throws RangeError for an option out of range. */
export function netem(line: LineOptions, options: NetemOptions): EmulatedLink {
  return new EmulatedLink(line, seededRandom(options.seed ?? 1), options)
}

/** A line that carries packets both ways. */
export interface EmulatedPath {
  readonly ab: EmulatedLink
  readonly ba: EmulatedLink
}

/** Both directions of a line, each with its own properties and its own chance. Throws RangeError as {@link netem}. */
export function emulatedPath(
  { ab, ba }: { readonly ab: LineOptions; readonly ba: LineOptions },
  options: NetemOptions,
): EmulatedPath {
  const random = seededRandom(options.seed ?? 1)
  const way = (line: LineOptions): EmulatedLink =>
    new EmulatedLink(line, seededRandom(random() * 2 ** 32), options)
  return { ab: way(ab), ba: way(ba) }
}
