import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCrowd } from './support/crowd.ts'
import type { Crowd, Member } from './support/crowd.ts'
import { statsOf } from './support/daemon.ts'
import type { Daemon } from './support/daemon.ts'
import { needs } from './support/needs.ts'
import { PingWatch, answers } from './support/ping.ts'
import { INSIDE, TUN } from './support/stage.ts'

const { missing, text } = needs()

describe.skipIf(missing)(`three clients of one server ${text}`, () => {
  let crowd: Crowd
  let first: Member
  let second: Member
  let third: Member
  let server: Daemon
  let clients: readonly Daemon[]
  beforeAll(async () => {
    crowd = await createCrowd(3)
    ;[first, second, third] = crowd.members as [Member, Member, Member]
    // Whatever the kernel would forward, the daemon decides.
    await crowd.server.setSysctl('net/ipv4/ip_forward', '1')
    server = await crowd.startServer()
    clients = await Promise.all(crowd.members.map((member) => member.start()))
  })
  afterAll(() => crowd[Symbol.asyncDispose]())

  test('reach it, and are reached at their own addresses', async () => {
    for (const { host, address } of crowd.members) {
      expect(await answers(host, INSIDE.server[0])).toBe(true)
      expect(await answers(crowd.server, address)).toBe(true)
    }
  })

  test('cannot send in the name of another, nor to each other', async () => {
    await first.host.run('ip', ['address', 'add', `${second.address}/32`, 'dev', TUN])
    expect(await answers(first.host, INSIDE.server[0], second.address)).toBe(false)
    await first.host.run('ip', ['address', 'del', `${second.address}/32`, 'dev', TUN])
    expect(await answers(first.host, second.address)).toBe(false)
    await server.end()
    expect(statsOf(server).drops).toMatchObject({ 'foreign-source': 1, 'client-to-client': 1 })
  })

  test('may send to each other when the config says so, and one that it does not name stays out', async () => {
    const sinceMs = Date.now()
    server = await crowd.startServer({ members: [first, second], more: { clientToClient: true } })
    const watch = new PingWatch(first.host, second.address)
    await watch.answered(sinceMs, 5000)
    await clients[2]!.says(/^the server does not answer/, { sinceMs })
    expect(await answers(third.host, INSIDE.server[0])).toBe(false)
    expect(await answers(first.host, third.address)).toBe(false)
  })
})
