import type { ClassModes, PathMode, PathRole } from '@mp/interface'
import { WishedRole } from '@mp/wire'
import type { ControlBody } from '@mp/wire'
import type { PathSettings } from './path-settings.ts'
import { USUAL_SETTINGS } from './path-settings.ts'

/** What a client wishes of a path and of the session, as probes tell it. */

const ROLES: readonly PathRole[] = ['primary', 'secondary', 'backup']
/** By their number, see `WishedMode`. */
const MODES: readonly (PathMode | undefined)[] = [undefined, 'aggregate', 'lowest-latency', 'redundant']
/** In the order of their bits. */
const CLASSES = ['bulk', 'interactive', 'critical'] as const
const MODE_BITS = 2

/** Puts the wishes for a path with `settings` into a probe. */
export function writeWishes(settings: PathSettings, modes: ClassModes, into: ControlBody): void {
  into.hasWishes = true
  into.role = settings.isExhausted ? WishedRole.none : ROLES.indexOf(settings.role)
  into.costMs = settings.costMs
  into.idleSeconds = settings.idleProbeMs / 1000
  into.limitKbps = settings.maxReceiveBps === Infinity ? 0 : Math.round(settings.maxReceiveBps / 1000)
  into.modes = CLASSES.reduce(
    (bits, each, index) => bits | (MODES.indexOf(modes[each]) << (MODE_BITS * index)),
    0,
  )
}

/** What a path is to be used for, out of a probe; undefined when `settings` say so already. */
export function wishedSettings(probe: ControlBody, settings: PathSettings): PathSettings | undefined {
  const weight = probe.weight || settings.weight
  const wished = { ...settings, weight, ...(probe.hasWishes && wishesOf(probe)) }
  const keys = Object.keys(wished) as (keyof PathSettings)[]
  return keys.every((key) => wished[key] === settings[key]) ? undefined : wished
}

function wishesOf({ role, costMs, idleSeconds, limitKbps }: ControlBody): Partial<PathSettings> {
  const isExhausted = role === WishedRole.none
  return {
    isExhausted,
    ...(!isExhausted && { role: ROLES[role]! }),
    costMs,
    idleProbeMs: idleSeconds * 1000 || USUAL_SETTINGS.idleProbeMs,
    // What the sender of the wishes may receive.
    maxSendBps: limitKbps * 1000 || Infinity,
  }
}

/** The modes of the classes out of the field of a probe; of those that are not said none. */
export function wishedModes(modes: number): ClassModes {
  const said = CLASSES.flatMap((each, index) => {
    const mode = MODES[(modes >> (MODE_BITS * index)) & 3]
    return mode === undefined ? [] : [[each, mode] as const]
  })
  return Object.fromEntries(said)
}
