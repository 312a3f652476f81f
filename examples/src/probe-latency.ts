/**
 * The prober over a real socket: it measures the round trip to a UDP echo on this machine that takes its time. The
 * prober does no I/O itself; the few lines that lend it a socket and a timer are all that it needs.
 */
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { Prober } from '@mp/prober'

const ECHO_DELAY_MS = 15
const REPLIES = 12

/** Sends everything back, a little later. */
async function echo(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  socket.on('message', (data, { port }) => setTimeout(() => socket.send(data, port), ECHO_DELAY_MS))
  await once(socket, 'listening')
  return socket
}

export async function main(): Promise<string> {
  const far = await echo()
  const socket = createSocket('udp4')
  const prober = new Prober({ nextNonce: () => randomInt(2 ** 32), activeIntervalMs: 25 })
  const text: string[] = []
  let timer: NodeJS.Timeout | undefined

  /** After anything happened: send what is due, tell what changed, sleep until the next deadline. */
  const drive = (): void => {
    const nowMs = performance.now()
    prober.handleTimeout(nowMs)
    for (let probe = prober.pollTransmit(nowMs); probe; probe = prober.pollTransmit(nowMs)) {
      const data = Buffer.alloc(4)
      data.writeUInt32BE(probe.nonce)
      socket.send(data, far.address().port)
    }
    for (let event = prober.pollEvent(); event; event = prober.pollEvent()) {
      text.push(`${event.from} -> ${event.to} (${event.reason})`)
    }
    clearTimeout(timer)
    timer = setTimeout(drive, prober.pollTimeout() - nowMs)
  }

  prober.start(performance.now())
  drive()
  while (prober.stats().received < REPLIES) {
    const [data] = (await once(socket, 'message')) as [Buffer]
    prober.handleReply(data.readUInt32BE(), performance.now())
    drive()
  }
  clearTimeout(timer)
  for (const each of [socket, far]) each.close()
  const { minRttMs = 0, rtoMs, received, lost } = prober.stats()
  text.push(`RTT at least ${minRttMs.toFixed(1)} ms, a probe is lost after ${rtoMs.toFixed(0)} ms`)
  text.push(`${received} probes answered, ${lost} lost`)
  return text.join('\n')
}

if (process.argv[1] === import.meta.filename) process.stdout.write(`${await main()}\n`)
