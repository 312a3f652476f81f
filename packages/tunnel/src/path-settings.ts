import type { PathRole } from '@mp/interface'

/** What a path is used for, and how much. The client's configuration rules both directions: it tells the server. */
export interface PathSettings {
  /** Relative share of bytes, an integer 1…65535. It counts where paths are shared by weight. */
  readonly weight: number
  /** `backup`: it carries data only while no other path works. */
  readonly role: PathRole
  /** How many ms another path may be slower and still be preferred, an integer 0…65535. */
  readonly costMs: number
  /** Most that is sent over it, bit/s of frames, from 64 000; `Infinity` = no limit. Needs `isAdaptive`. */
  readonly maxSendBps: number
  /** Most that the peer may send over it; likewise, up to 16 Gbit/s. */
  readonly maxReceiveBps: number
  /** How often it is probed while nothing is sent over it, ms, 1000…255 000, in whole seconds. */
  readonly idleProbeMs: number
  /** Its metered budget is used up: it carries nothing but probes. */
  readonly isExhausted: boolean
}

/** A path that nothing was said of. */
export const USUAL_SETTINGS: PathSettings = {
  weight: 1,
  role: 'primary',
  costMs: 0,
  maxSendBps: Infinity,
  maxReceiveBps: Infinity,
  idleProbeMs: 15_000,
  isExhausted: false,
}

const ROLES: readonly PathRole[] = ['primary', 'secondary', 'backup']
const MAX_16 = 0xffff
const MIN_BPS = 64_000
/** What fits into the field of a probe that tells the limit, bit/s. */
const MAX_TOLD_BPS = 0xff_ffff * 1000

/** `settings` without the keys that belong to something else. */
export function settingsOf(settings: Partial<PathSettings>): Partial<PathSettings> {
  const keys = Object.keys(USUAL_SETTINGS) as (keyof PathSettings)[]
  const said = keys.filter((key) => settings[key] !== undefined)
  return Object.fromEntries(said.map((key) => [key, settings[key]]))
}

/** Whether more than a weight is said: then probes tell the peer. */
export function isSpecial(settings: Partial<PathSettings>): boolean {
  return Object.entries(settingsOf(settings)).some(
    ([key, value]) => key !== 'weight' && value !== USUAL_SETTINGS[key as keyof PathSettings],
  )
}

/** Throws RangeError for settings that cannot be; what is not said is right. */
export function checkSettings(name: string, said: Partial<PathSettings>): void {
  const settings = { ...USUAL_SETTINGS, ...settingsOf(said) }
  const { weight, role, costMs, maxSendBps, maxReceiveBps, idleProbeMs } = settings
  const expect = (isRight: boolean, expected: string, found: unknown): void => {
    if (!isRight) throw new RangeError(`path '${name}': expected ${expected}, found ${String(found)}`)
  }
  expect(isWhole(weight, 1, MAX_16), `a weight that is an integer from 1 to ${MAX_16}`, weight)
  expect(ROLES.includes(role), `a role out of ${ROLES.join(', ')}`, role)
  expect(isWhole(costMs, 0, MAX_16), `costMs that is an integer from 0 to ${MAX_16}`, costMs)
  expect(isLimit(maxSendBps, Infinity), `maxSendBps from ${MIN_BPS}`, maxSendBps)
  expect(
    isLimit(maxReceiveBps, MAX_TOLD_BPS),
    `maxReceiveBps from ${MIN_BPS} to ${MAX_TOLD_BPS}`,
    maxReceiveBps,
  )
  expect(isWhole(idleProbeMs / 1000, 1, 255), 'idleProbeMs in whole seconds from 1 to 255', idleProbeMs)
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max
}

function isLimit(bps: number, max: number): boolean {
  return bps === Infinity || (bps >= MIN_BPS && bps <= max)
}
