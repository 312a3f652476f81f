import { connect, createServer } from 'node:net'

/**
 * The two ends of a TCP download, as programs of their own, because each runs in a network namespace.
 *
 *     node transfer.js serve HOST PORT            sends to whoever connects, until they hang up
 *     node transfer.js fetch HOST PORT SECONDS    receives and prints the bytes so far, a line each 50 ms
 */
const CHUNK = Buffer.alloc(64 * 1024)
const REPORT_MS = 50

function serve(host: string, port: number): void {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    const fill = (): void => {
      while (socket.writable && socket.write(CHUNK)) continue
    }
    socket.on('drain', fill)
    fill()
  })
  server.listen(port, host, () => process.stdout.write('ready\n'))
}

function fetch(host: string, port: number, seconds: number): void {
  let bytes = 0
  const socket = connect({ host, port })
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  socket.on('error', (error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
  socket.once('connect', () => {
    const report = setInterval(() => process.stdout.write(`${bytes}\n`), REPORT_MS)
    setTimeout(() => {
      clearInterval(report)
      socket.destroy()
    }, seconds * 1000)
  })
}

const [, , role, host = '', port = '', seconds = ''] = process.argv
if (role === 'serve') serve(host, Number(port))
else fetch(host, Number(port), Number(seconds))
