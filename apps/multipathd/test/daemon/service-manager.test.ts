import { simRuntime } from '@mp/testkit'
import { expect, test } from 'vitest'
import { ServiceManager } from '../../src/daemon/service-manager.ts'

function createWorld(env: Record<string, string>) {
  const runtime = simRuntime({ seed: 1 })
  const told: string[] = []
  const warnings: string[] = []
  const world = { runtime, told, warnings, isDeaf: false }
  const manager = new ServiceManager({
    env,
    runtime,
    log: { info: () => {}, warn: (text) => warnings.push(text), error: () => {} },
    status: () => '2 of 2 paths in use',
    notify: (path, text) => {
      if (world.isDeaf) throw new Error('nobody listens')
      told.push(`${path}: ${text}`)
    },
  })
  return Object.assign(world, { manager })
}

const SOCKET = '/run/systemd/notify'

test('without a service manager nothing is said, and no timer runs', () => {
  const { manager, runtime, told } = createWorld({ WATCHDOG_USEC: '10000000' })
  manager.ready()
  runtime.runFor(60_000)
  manager.stopping()
  expect(told).toEqual([])
})

test('readiness, the watchdog at half its time, and the end', () => {
  const { manager, runtime, told } = createWorld({ NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: '10000000' })
  manager.ready()
  expect(told).toEqual([`${SOCKET}: READY=1\nSTATUS=2 of 2 paths in use`])
  runtime.runFor(10_001)
  expect(told.slice(1)).toEqual(Array(2).fill(`${SOCKET}: WATCHDOG=1\nSTATUS=2 of 2 paths in use`))
  manager.stopping()
  runtime.runFor(60_000)
  expect(told.slice(3)).toEqual([`${SOCKET}: STOPPING=1`])
})

test('a watchdog that is meant for another process is left to that one', () => {
  const { manager, runtime, told } = createWorld({
    NOTIFY_SOCKET: SOCKET,
    WATCHDOG_USEC: '10000000',
    WATCHDOG_PID: `${process.pid + 1}`,
  })
  manager.ready()
  runtime.runFor(60_001)
  expect(told.filter((text) => text.includes('WATCHDOG'))).toEqual([])
  expect(told).toHaveLength(3)
})

test('a service manager that is gone is warned of once and left alone', () => {
  const all = createWorld({ NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: '10000000' })
  all.manager.ready()
  all.isDeaf = true
  all.runtime.runFor(60_000)
  all.manager.stopping()
  expect(all.warnings).toEqual(['nobody listens: the service manager is told nothing more'])
  expect(all.told).toHaveLength(1)
})
