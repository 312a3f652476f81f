import { bareLine, multipathd, portable, reference } from './rivals.mjs'
import { roundTrip, tcp, udp } from './measures.mjs'
import { wireguard, wireguardLack } from './wireguard.mjs'

const CIPHERS = { none: 'none', aes: 'aes-256-gcm', chacha: 'chacha20-poly1305' }

const TCP = { tcp: tcp({ flows: 1 }), tcp4: tcp({ flows: 4 }) }
const SMALL = { udp64: udp({ payloadBytes: 64 }), rtt: roundTrip() }
const ALL = { ...TCP, ...SMALL, udp1200: udp({ payloadBytes: 1200 }) }

/**
 * What runs beside each other, and what is measured of it. A case is one measure at one stand, `<stand>-<measure>`; the
 * second rival is the one that the others are held against. A rival with `only` takes no part in other measures.
 * `lacks` says why a stand cannot be.
 */
export function stands({ reference: program, crypto }) {
  const stand = (cipher, kind, { rivals, measures }) => ({
    name: `${cipher}-${kind}`,
    rivals,
    measures,
    ...(crypto || cipher === 'none'
      ? {}
      : { lacks: 'the reference needs libcrypto to encrypt: apt-get install libssl-dev' }),
  })
  const duel = (name, paths, others = []) => [
    multipathd({ paths, cipher: CIPHERS[name] }),
    reference({ program, paths, cipher: CIPHERS[name] }),
    ...others,
  ]
  const plain = { name: 'simple', subnet: 3, program, paths: 1, cipher: 'none', simple: true }
  const simple = { ...reference(plain), only: ['tcp', 'udp64', 'rtt'] }
  const bare = { ...bareLine(), only: ['rtt'] }

  const single = (name, others) => stand(name, '1', { rivals: duel(name, 1, others), measures: ALL })
  const several = (name, paths) => {
    const one = multipathd({ name: 'one path', subnet: 4, paths: 1, cipher: CIPHERS[name] })
    const rivals = duel(name, paths, [{ ...one, only: Object.keys(TCP) }])
    return stand(name, String(paths), { rivals, measures: { ...TCP, ...SMALL } })
  }
  const stream = (name, paths) => {
    const overTcp = { name: 'over TCP', subnet: 5, paths, cipher: CIPHERS[name], transport: 'tcp' }
    const [overUdp, standard] = duel(name, paths)
    const rivals = [multipathd(overTcp), standard, { ...overUdp, name: 'over UDP' }]
    return stand(name, `stream${paths}`, { rivals, measures: paths === 1 ? ALL : TCP })
  }
  const sealed = ['aes', 'chacha'].map((name, index) =>
    portable({ name: `portable ${name}`, subnet: 7 + index, cipher: CIPHERS[name] }),
  )
  const portables = [portable({ subnet: 6, cipher: 'none' }), reference(plain), ...sealed]

  const names = Object.keys(CIPHERS)
  return [
    ...names.map((name) => single(name, name === 'none' ? [simple, bare] : [])),
    ...names.flatMap((name) => [several(name, 2), several(name, 4)]),
    stream('none', 1),
    stream('aes', 1),
    stream('aes', 2),
    { name: 'portable-1', rivals: portables, measures: TCP },
    besideWireguard(),
  ]
}

/** With the cipher that daemons choose here, and with the only one of wireguard-go. */
function besideWireguard() {
  const lacks = wireguardLack()
  const sameCipher = { name: 'ChaCha20', subnet: 10, paths: 1, cipher: CIPHERS.chacha }
  return {
    name: 'wireguard-1',
    rivals: [multipathd({ paths: 1 }), wireguard({ subnet: 9 }), multipathd(sameCipher)],
    measures: ALL,
    ...(lacks === undefined ? {} : { lacks }),
  }
}
