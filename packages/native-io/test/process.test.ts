import { spawnSync } from 'node:child_process'
import { Worker } from 'node:worker_threads'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { loadNativeIo } from '@mp/native-io'
import { requires } from '@mp/netlab'
import { afterEach, describe, expect, it } from 'vitest'

const missing = requires([], { native: loadNativeIo().io !== undefined })

/** A program that opens a socket with the bare addon, at `LOCAL`. */
const OPEN_SOCKET = `
  const { createRequire } = process.getBuiltinModule ? process.getBuiltinModule('module') : require('module')
  const addon = createRequire('/')(process.env.MP_ADDON)
  const open = () => {
    const config = {
      arena: new Uint8Array(65536), table: new Int32Array(8 * 4), counters: new Float64Array(64),
      state: new Int32Array(64), onReady: () => {}, batchSize: 4, peerCapacity: 4, remotePort: 0,
      localIp: '127.0.0.1', localPort: 0, receiveBytes: 65536, sendBytes: 65536,
    }
    const handle = addon.openUdp(config)
    addon.start(handle)
    return handle
  }
`
const prebuilds = new URL('../prebuilds/', import.meta.url)

function addonPath(): string {
  const { platform, arch } = process
  const target = readdirSync(prebuilds).find((name) => name.startsWith(`${platform}-${arch}`))
  return fileURLToPath(new URL(`${target}/mp_native_io.node`, prebuilds))
}

function runNode(script: string): { status: number | null; signal: string | null; stderr: string } {
  return spawnSync(process.execPath, ['-e', OPEN_SOCKET + script], {
    env: { ...process.env, MP_ADDON: addonPath() },
    encoding: 'utf8',
    timeout: 5000,
  })
}

/** A script that opens a socket whose handler does `what` with the datagram that comes. */
function heard(what: string): string {
  return `
    const dgram = require('dgram')
    const table = new Int32Array(32), state = new Int32Array(64)
    const config = { arena: new Uint8Array(64), table, counters: new Float64Array(64), state, batchSize: 4,
      onReady: () => { ${what} }, peerCapacity: 4, remotePort: 0,
      localIp: '127.0.0.1', localPort: 0, receiveBytes: 65536, sendBytes: 65536 }
    const handle = addon.openUdp(config)
    addon.start(handle)
    const sender = dgram.createSocket('udp4')
    sender.send('x', Number(config.localAddress.split(':')[1]), '127.0.0.1', () => sender.close())
  `
}

describe.skipIf(missing.length > 0)('the addon in a process [needs native]', () => {
  it('lets it end once all sockets are closed', () => {
    expect(runNode('addon.close(open())')).toMatchObject({ status: 0, signal: null, stderr: '' })
  })

  it('lets it exit with sockets open', () => {
    expect(runNode('open(); setTimeout(() => process.exit(7), 10)')).toMatchObject({ status: 7, stderr: '' })
  })

  it('keeps it alive while a started socket is open', () => {
    const script =
      'open(); process.on("exit", () => process.exit(1)); setTimeout(() => process.kill(process.pid), 200).unref()'
    expect(runNode(script)).toMatchObject({ status: null, signal: 'SIGTERM' })
  })

  it('turns a throwing handler into an uncaught exception', () => {
    const script = `${heard("throw new Error('from the handler')")}
      process.on('uncaughtException', (error) => { addon.close(handle); process.exitCode = error.message.length })
    `
    expect(runNode(script)).toMatchObject({ status: 'from the handler'.length, stderr: '' })
  })

  it('has what a handler leaves behind done before anything else of the turn', () => {
    const script = heard(`
      const did = []
      const end = () => { addon.close(handle); process.exitCode = did.join() === 'tick,microtask' ? 7 : 1 }
      setTimeout(() => did.push('timer'), 0)
      setImmediate(end)
      queueMicrotask(() => did.push('microtask'))
      process.nextTick(() => did.push('tick'))
    `)
    expect(runNode(script)).toMatchObject({ status: 7, stderr: '' })
  })

  it('works in several workers at a time, and ends with them', async () => {
    const script = `${OPEN_SOCKET}
      open(); addon.close(open()); require('worker_threads').parentPort.postMessage('open')`
    const workers = Array.from(
      { length: 3 },
      () => new Worker(script, { eval: true, env: { ...process.env, MP_ADDON: addonPath() } }),
    )
    await Promise.all(workers.map((worker) => once(worker, 'message')))
    expect(await Promise.all(workers.map((worker) => worker.terminate()))).toEqual([1, 1, 1])
  })
})

describe('loading', () => {
  const before = process.env['MP_NATIVE']
  afterEach(() => {
    if (before === undefined) delete process.env['MP_NATIVE']
    else process.env['MP_NATIVE'] = before
  })

  it('is switched off by MP_NATIVE=off, and says so', () => {
    process.env['MP_NATIVE'] = 'off'
    expect(loadNativeIo()).toMatchObject({
      io: undefined,
      reason: expect.stringContaining('MP_NATIVE=off') as string,
    })
  })
})

function build(env: NodeJS.ProcessEnv): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, [fileURLToPath(new URL('../build.mjs', import.meta.url))], {
    env: { ...process.env, CC: '/nonexistent/cc', ...env },
    encoding: 'utf8',
  })
}

describe('building without a compiler', () => {
  it('says so and what to do, and succeeds', () => {
    expect(build({ MP_NATIVE: '' })).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/NOT BUILT.*\/nonexistent\/cc[\s\S]*install a C compiler/) as string,
    })
  })

  it('fails when the addon is required', () => {
    expect(build({ MP_NATIVE: 'require' }).status).toBe(1)
  })
})
