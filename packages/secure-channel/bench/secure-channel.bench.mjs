// What a handshake costs against the X25519 calls it cannot do without, what a hello costs that is no hello, and the
// two tables every packet passes: replay window against a Set, allowed IPs against a list.
import { bench, do_not_optimize, run, summary } from 'mitata'
import { nodeCrypto } from '@mp/runtime-node'
import { AllowedIps, HELLO_BYTES, Initiator, ReplayWindow, Responder } from '../dist/index.js'

const crypto = nodeCrypto()
const costs = { 'chacha20-poly1305': 900, 'aes-256-gcm': 400 }
const client = crypto.generateKeyPair()
const server = crypto.generateKeyPair()
const initiator = new Initiator({ crypto, costs, staticKeys: client, responderKey: server.publicKey })
const responder = new Responder({
  crypto,
  costs,
  staticKeys: server,
  peerOf: () => ({}),
  handshakesPerSecond: 1e9,
  hellosPerSecond: 1e9,
})

const hello = new Uint8Array(HELLO_BYTES)
const answer = new Uint8Array(HELLO_BYTES)
const received = (frame) => ({ frame, source: '192.0.2.7:4000', nowMs: 0 })

function handshake() {
  initiator.begin({ nowMs: 0, wallMs: 0, localIndex: 1, remoteIndex: 0 })
  initiator.helloFor(1, hello)
  const { lengthBytes } = responder.handleHello(received(hello), answer).hello.respond({ localIndex: 1 })
  return initiator.handleWelcome(answer.subarray(0, lengthBytes))
}
if (handshake().kind !== 'keys') throw new Error('the handshake failed')

/** The server's half alone: it forgets that it has seen this hello. */
function answerAnew() {
  responder.forget(client.publicKey)
  return responder.handleHello(received(hello), answer).hello.respond({ localIndex: 1 })
}

const alike = Uint8Array.from(hello).fill(7, 12)
summary(() => {
  bench('handshake, both sides', () => do_not_optimize(handshake()))
  bench('the half of the responder', () => do_not_optimize(answerAnew()))
  bench('its X25519: 2 pairs, 8 agreements', () => {
    for (let i = 0; i < 2; i++) crypto.generateKeyPair()
    for (let i = 0; i < 8; i++) do_not_optimize(crypto.agree(client.privateKey, server.publicKey))
  })
  bench('hello repeated', () => do_not_optimize(responder.handleHello(received(hello), answer)))
  bench('hello of a stranger', () => do_not_optimize(responder.handleHello(received(alike), answer)))
})

const PACKETS = 1024
/** Counters in an order in which every eighth packet is a few places late. */
const late = Float64Array.from({ length: PACKETS }, (_, i) => (i % 8 === 7 ? i - 5 : i % 8 >= 2 ? i + 1 : i))
const counters = [...late.keys()].map((i) => late[i])
let base = 0
const replay = new ReplayWindow()
const seen = new Set()
summary(() => {
  bench('replay window, 1024 packets', () => {
    for (let i = 0; i < PACKETS; i++) {
      const counter = base + counters[i]
      if (replay.check(counter)) replay.commit(counter)
    }
    base += PACKETS
  })
  bench('Set, 1024 packets', () => {
    for (let i = 0; i < PACKETS; i++) {
      const counter = base + counters[i]
      if (!seen.has(counter)) seen.add(counter)
    }
    base += PACKETS
    if (seen.size > 8 * PACKETS) seen.clear()
  })
})

const HOSTS = 10_000
const ips = new AllowedIps()
const arena = new DataView(new ArrayBuffer(16 * HOSTS))
for (let host = 0; host < HOSTS; host++) {
  const [high, low] = [host >> 8, host & 255]
  ips.insert(`10.9.${high}.${low}/32`, host)
  ips.insert(`fd00::${high.toString(16)}:${low.toString(16)}/128`, host)
  arena.setUint32(16 * host, 0x0a09_0000 + host)
}
ips.insert('0.0.0.0/0', HOSTS)
const arena6 = new DataView(new ArrayBuffer(16 * HOSTS))
for (let host = 0; host < HOSTS; host++) {
  arena6.setUint16(16 * host, 0xfd00)
  arena6.setUint16(16 * host + 12, host >> 8)
  arena6.setUint16(16 * host + 14, host & 255)
}
let next = 0
const offset = () => 16 * (next = (next + 7919) % HOSTS)
summary(() => {
  bench('allowed IPv4, 10 000 hosts', () => do_not_optimize(ips.lookup4(arena, offset())))
  bench('allowed IPv6, 10 000 hosts', () => do_not_optimize(ips.lookup6(arena6, offset())))
})
if (ips.lookup4(arena, 16 * 4711) !== 4711 || ips.lookup6(arena6, 16 * 4711) !== 4711)
  throw new Error('wrong host')

const { benchmarks } = await run()
const nsOf = (name) => benchmarks.find((entry) => entry.alias === name).runs[0].stats.p50
const perSecond = (name) => Math.round(1e9 / nsOf(name))
const perPacket = (name) => (nsOf(name) / PACKETS).toFixed(1)
console.log(`
handshakes per second: ${perSecond('handshake, both sides')}, the half of the responder ${perSecond('the half of the responder')}
handshake / its X25519: ${(nsOf('handshake, both sides') / nsOf('its X25519: 2 pairs, 8 agreements')).toFixed(2)}
replay check and commit: ${perPacket('replay window, 1024 packets')} ns, with a Set ${perPacket('Set, 1024 packets')} ns`)
