import { bareLine, multipathd, reference } from './rivals.mjs'
import { roundTrip, tcp, udp } from './measures.mjs'

const CIPHERS = { aes: 'aes-256-gcm', chacha: 'chacha20-poly1305' }

const TCP = { tcp: tcp({ flows: 1 }) }
const ALL_TCP = { ...TCP, tcp4: tcp({ flows: 4 }) }
const ALL = {
  ...ALL_TCP,
  udp64: udp({ payloadBytes: 64 }),
  udp1200: udp({ payloadBytes: 1200 }),
  rtt: roundTrip(),
}

/**
 * What runs beside each other, and what is measured of it. A case is one measure at one stand, `<stand>-<measure>`; the
 * second rival is the one that the others are held against. A rival with `only` takes no part in other measures.
 * `lacks` says why a stand cannot be; one that is `optional` may find out by itself.
 */
export function stands({ reference: program, crypto }) {
  const duel = (paths, cipher = 'none') => [
    multipathd({ paths, cipher }),
    reference({ program, paths, cipher }),
  ]
  const plain = { name: 'simple', subnet: 3, program, paths: 1, cipher: 'none', simple: true }
  const simple = { ...reference(plain), only: ['tcp', 'udp64', 'rtt'] }
  const bare = { ...bareLine(), only: ['rtt'] }
  const portable = multipathd({ name: 'portable', paths: 1, cipher: 'none', env: { MP_NATIVE: 'off' } })
  const sealed = (name, paths, measures) => ({
    name: `${name}-${paths}`,
    rivals: duel(paths, CIPHERS[name]),
    measures,
    ...(crypto ? {} : { lacks: 'the reference needs libcrypto to encrypt: apt-get install libssl-dev' }),
  })
  return [
    { name: 'none-1', rivals: [...duel(1), simple, bare], measures: ALL },
    { name: 'none-2', rivals: duel(2), measures: TCP },
    { name: 'none-4', rivals: duel(4), measures: TCP },
    sealed('aes', 1, ALL),
    sealed('aes', 2, TCP),
    sealed('aes', 4, TCP),
    sealed('chacha', 1, ALL_TCP),
    { name: 'portable-1', rivals: [portable, simple], measures: TCP, optional: true },
  ]
}
