import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { COMMANDS } from '../../src/control/index.ts'
import type { DaemonSnapshot } from '../../src/daemon/snapshot.ts'
import { reach } from '../../src/doctor/reach.ts'
import { client } from '../config/samples.ts'
import { testControl } from '../control/support.ts'
import { path, peer, snapshot } from '../support/snapshots.ts'
import { look } from './look.ts'

/** The loopback device stands for a TUN device: each machine has one. */
const taken = { ...client, tun: { ...client.tun, name: 'lo' } }
const remotePaths = ['dsl', 'lte'].map((name, index) => ({ name, remoteAddr: `192.0.2.7:${5000 + index}` }))

/** A daemon that answers at a control socket, with one path that works. */
async function daemon(role: DaemonSnapshot['role'] = 'client') {
  const peers = [peer({ paths: [path({ name: 'dsl', rttMs: 24 })] })]
  const seen = snapshot({ peers })
  const snapshots = { snapshot: () => Promise.resolve({ ...seen, daemon: { ...seen.daemon, role } }) }
  const control = await testControl(COMMANDS, snapshots)
  onTestFinished(() => control[Symbol.asyncDispose]())
  return control.path
}

describe('while a daemon runs, the server is not asked', () => {
  test('but the daemon is, how its paths are and which it does not have', async () => {
    const socketPath = await daemon()
    expect(await look(reach, { ...client, client: { remotePaths } }, { socketPath })).toEqual([
      {
        about: 'daemon',
        level: 'ok',
        found: expect.stringMatching(/^runs as process 1: .* not asked again$/),
      },
      { about: 'server by dsl', level: 'ok', found: 'answers, RTT 24.0 ms' },
      {
        about: 'server by lte',
        level: 'warning',
        found: 'the daemon does not have this path',
        advice: '`multipathd reload` has it read the file',
      },
    ])
  })

  test('and nobody when it does not answer', async () => {
    const control = await testControl(COMMANDS)
    onTestFinished(() => control[Symbol.asyncDispose]())
    expect(await look(reach, client, { socketPath: control.path })).toEqual([
      {
        about: 'daemon',
        level: 'warning',
        found: expect.stringContaining('the server is not asked'),
        advice: 'nothing to see',
      },
    ])
  })

  test('and nobody when it has no socket, but the device that only it can have', async () => {
    const finding = {
      about: 'device lo',
      level: 'warning',
      found: expect.stringContaining('the server is not asked'),
      advice: expect.stringContaining('choose another "tun.name"'),
    }
    expect(await look(reach, taken)).toEqual([finding])
    expect(await look(reach, taken, { socketPath: '/nowhere/mp0.sock' })).toEqual([finding])
    // Another machine, as in a network namespace.
    expect(await look(reach, taken, { socketPath: await daemon('server') })).toEqual([finding])
  })

  test('and nobody when it has no socket, but the port of the relay', async () => {
    const socket = createSocket('udp4')
    onTestFinished(() => void socket.close())
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const listen = `127.0.0.1:${socket.address().port}`
    expect(await look(reach, { ...client, relay: { listen } })).toMatchObject([
      { about: `relay ${listen}`, level: 'warning', advice: expect.stringContaining('"relay.listen"') },
    ])
  })
})
