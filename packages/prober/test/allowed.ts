/** All transitions there may be, written down once more: `from reason to`. */
export const ALLOWED: ReadonlySet<string> = new Set([
  'initializing first-reply normal',
  'initializing no-reply lost',
  'initializing unreachable lost',
  'normal timeouts unstable',
  'normal loss unstable',
  'normal delay unstable',
  'normal unreachable lost',
  'unstable timeouts lost',
  'unstable unreachable lost',
  'unstable recovered normal',
  'lost reply unstable',
])
