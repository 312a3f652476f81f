import { describe, expect, test } from 'vitest'
import type { PathSnapshot, PeerSnapshot } from '../../src/daemon/snapshot.ts'
import { explain, explanationText } from '../../src/view/explain/index.ts'
import { path, peer, snapshot, unused } from '../support/snapshots.ts'

const explained = (changes: Partial<PeerSnapshot>) => explain(snapshot({ peers: [peer(changes)] })).peers[0]!
const textsOf = (
  one: PathSnapshot,
  others: readonly PathSnapshot[] = [],
  changes: Partial<PeerSnapshot> = {},
): string[] => explained({ ...changes, paths: [one, ...others] }).paths[0]!.findings.map(({ text }) => text)

/** Of a peer with so many paths, of whose 200 lost frames so many were sent again. */
const levelsAfter = (repairedFrames: number, paths: number): string[] => {
  const repair = { lostFrames: 200, repairedFrames }
  const list = Array.from({ length: paths }, (_, id) => path({ id }))
  return explained({ repair, paths: list }).findings.map(({ level }) => level)
}

test('an explanation reads like this', () => {
  const order = {
    heldPackets: 3,
    heldBytes: 4000,
    deliveredPackets: 10_000,
    waitedPackets: 812,
    waitMeanMs: 4.1,
    waitMaxMs: 31,
    skippedHopeless: 2,
    skippedLinger: 1,
    skippedOverflow: 0,
    latePackets: 1,
  }
  const seen = snapshot({
    peers: [peer({ order, drops: { 'queue-full': 7 }, repair: { lostFrames: 12, repairedFrames: 11 } })],
  })
  expect(`\n${explanationText(explain(seen)).join('\n')}\n`).toBe(`
server Wj0fzX0Z…
    1 of 2 paths may carry data: up 15.0 Mbit/s, down 3.00 Mbit/s.
    12 frames lost so far, 11 sent again over another path.
    8.1 % of what came had to wait for what was sent before, 4.1 ms on average, 31 ms at most; 3 wait now. 3 packets were not waited for to the end, 1 of them came late.
    Dropped: 7 queue-full (the paths are full, and those inside learn to send less).

  dsl
      Carries 80 % of what is sent, 12.0 Mbit/s of about 20.0 Mbit/s that it carries.
      21 ms there and back while nothing queues; queues add 2.5 ms now.
      Loses 0.1 % whatever is sent, and 0 % for being full.

  lte
    ! Not used: nothing comes back for 42 s. It is probed on, and used again when it works.
      → Is the line up? Can the server be reached over it, for instance with \`ping -I INTERFACE\`?
`)
})

test('for programs there are the figures beside the words', () => {
  const { version, peers } = explain(snapshot())
  expect(version).toBe(1)
  expect(peers[0]!.paths[0]).toMatchObject({
    name: 'dsl',
    isUsed: true,
    unusedReason: null,
    share: 0.8,
    capacityBps: 20e6,
    usedBps: 12e6,
    baseRttMs: 21,
    queueDelayMs: 2.5,
    radioLossRatio: 0.001,
  })
})

describe('a path', () => {
  test.each([
    ['no-link', /no link/, /`ip addr`/],
    [
      'initializing',
      /no probe was answered yet, for 42 s/,
      /`ip route get 198\.51\.100\.7 from 192\.168\.1\.10`/,
    ],
    ['unstable', /on trial, 25 % of its probes are lost/, /signal, cable/],
    ['lost', /nothing comes back for 42 s/, /ping -I/],
    ['suspect', /not confirmed for longer than usual/, /^null$/],
    ['link-full', /does not take more packets/, /^null$/],
    ['backup', /it is a backup, .* takes over at once/, /^null$/],
    ['exhausted', /all of its quota is used up/, /`multipathd reload`/],
    ['some-other-reason', /^Not used: some other reason\.$/, /^null$/],
  ])('that is not used for %s says what that means and what to do', (reason, text, advice) => {
    const [finding, ...more] = explained({ paths: [unused(reason, { probeLossRatio: 0.25 })] }).paths[0]!
      .findings
    expect(more).toEqual([])
    expect(finding!.text).toMatch(text)
    expect(String(finding!.advice)).toMatch(advice)
    expect(finding!.level).toBe(finding!.advice === null ? 'fine' : 'trouble')
  })

  test('over TCP is full by its connection, and an IPv6 address is one for ip', () => {
    expect(textsOf(unused('link-full', { transport: 'tcp' }))[0]).toMatch(/connection is full/)
    const v6 = unused('initializing', { localAddress: '[fd00::1]:9', remoteAddress: '[fd00::2]:5000' })
    expect(explained({ paths: [v6] }).paths[0]!.findings[0]!.advice).toContain(
      'ip route get fd00::2 from fd00::1',
    )
  })

  test('that is full says so', () => {
    expect(textsOf(path({ txBps: 19e6 }))[0]).toMatch(/: it is full\.$/)
    // What it carries is found out all the time.
    expect(textsOf(path({ txBps: 21e6 }))[0]).toMatch(/21\.0 Mbit\/s of about 21\.0 Mbit\/s/)
  })

  test('that is not needed names who does its work, and one that is too slow says that', () => {
    const idle = path({ id: 1, name: 'sat', txBps: 0, txShare: 0, rttMinMs: 600 })
    expect(textsOf(idle, [path()])[0]).toBe('Ready, not needed now: dsl has room and delivers earlier.')
    expect(textsOf(idle, [path({ txBps: 19.9e6 })])[0]).toBe(
      'Ready, but left out: with 600 ms there and back a packet arrives later over it than by waiting for dsl.',
    )
  })

  test('of a peer that is sent nothing is ready', () => {
    expect(textsOf(path(), [], { txBps: 1000 })[0]).toBe('Ready; hardly anything is sent now.')
  })

  test('with a long queue or much loss is worth a look', () => {
    const bad = path({
      queueDelayMs: 120,
      radioLossRatio: 0.05,
      waitingPackets: 1,
      drops: { 'too-big': 2, closed: 0 },
    })
    const { findings } = explained({ paths: [bad] }).paths[0]!
    expect(findings.map(({ level }) => level)).toEqual(['fine', 'trouble', 'trouble', 'fine', 'fine'])
    expect(findings[1]!.advice).toMatch(/fills this line/)
    expect(findings[2]!.advice).toMatch(/signal/)
    expect(findings.slice(3).map(({ text }) => text)).toEqual([
      '1 packet wait for it.',
      'Its link dropped: too-big 2.',
    ])
  })

  test('that is shared by weight has what probes tell', () => {
    const unmeasured = {
      capacityBps: null,
      queueDelayMs: null,
      congestionLossRatio: null,
      radioLossRatio: null,
    }
    expect(textsOf(path({ ...unmeasured, probeLossRatio: 0.04 }))).toEqual([
      'Carries 80 % of what is sent, 12.0 Mbit/s.',
      '21 ms there and back while nothing queues; 24 ms now.',
      '4.0 % of its probes are lost.',
    ])
  })
})

describe('a peer', () => {
  test('that does not answer, or none at all, is trouble', () => {
    expect(explained({ established: false }).findings[0]).toMatchObject({
      level: 'trouble',
      text: expect.stringMatching(/no session/),
    })
    expect(explanationText(explain(snapshot({ peers: [] })))).toEqual([
      expect.stringMatching(/^No peer is here/),
    ])
  })

  test('without a path that works is trouble', () => {
    expect(explained({ paths: [unused('lost')] }).findings[0]).toMatchObject({ level: 'trouble' })
  })

  test('of which few losses are repaired says what that means', () => {
    expect(levelsAfter(190, 2)).toEqual(['fine', 'fine'])
    expect(levelsAfter(20, 2)).toEqual(['fine', 'trouble'])
    expect(levelsAfter(20, 1)).toEqual(['fine', 'fine'])
  })

  test('whose packets wait says that all is full', () => {
    expect(explained({ waitingPackets: 5 }).findings[1]!.text).toBe(
      '5 packets wait for a path: all that may be used are full.',
    )
  })
})
