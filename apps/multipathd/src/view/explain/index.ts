import type { OrderSnapshot, PeerSnapshot, Snapshot } from '../../daemon/snapshot.ts'
import { printable } from '../table.ts'
import { count, milliseconds, percent, rate } from '../units.ts'
import { fine, trouble } from './explanation.ts'
import type { Explanation, Finding, PathExplanation, PeerExplanation } from './explanation.ts'
import { explainPath } from './path.ts'

export type { Explanation } from './explanation.ts'

/** Repairs below this part of the losses are worth a word. */
const FEW_REPAIRS = 0.5
/** So many losses say something. */
const SOME_LOSSES = 100

/** Says of each path what it carries and why. */
export function explain({ takenAt, peers }: Snapshot): Explanation {
  return { version: 1, takenAt, peers: peers.map(explainPeer) }
}

/** Lines for people; advice stands behind an arrow. */
export function explanationText({ peers }: Explanation): string[] {
  if (peers.length === 0)
    return ['No peer is here, so there is nothing to explain; `multipathd peers` lists them.']
  return peers.flatMap((peer, index) => [
    ...(index === 0 ? [] : ['']),
    printable(peer.name),
    ...linesOf(peer.findings),
    ...peer.paths.flatMap((path) => ['', `  ${printable(path.name)}`, ...linesOf(path.findings, '    ')]),
  ])
}

function linesOf(findings: readonly Finding[], indent = '  '): string[] {
  return findings.flatMap(({ text, advice, level }) => [
    `${indent}${level === 'trouble' ? '! ' : '  '}${text}`,
    ...(advice === null ? [] : [`${indent}  → ${advice}`]),
  ])
}

function explainPeer(peer: PeerSnapshot): PeerExplanation {
  const paths = peer.paths.map((path) => explainPath(path, peer))
  return {
    name: peer.name,
    findings: [...overall(peer, paths), ...repairs(peer), ...ordering(peer.order), ...drops(peer)],
    paths,
  }
}

function overall(
  { established, txBps, rxBps, paths: all, waitingPackets }: PeerSnapshot,
  paths: readonly PathExplanation[],
): Finding[] {
  if (!established) {
    return [
      trouble(
        'There is no session: it does not answer on any path.',
        '`multipathd events` says since when; does it run, with the right keys, and is its port open?',
      ),
    ]
  }
  const used = paths.filter(({ isUsed }) => isUsed).length
  const text = `${used} of ${count(all.length, 'path')} may carry data: up ${rate(txBps)}, down ${rate(rxBps)}.`
  return [
    used === 0 ? trouble(text, 'See below what each path lacks.') : fine(text),
    ...(waitingPackets > 0
      ? [fine(`${count(waitingPackets, 'packet')} wait for a path: all that may be used are full.`)]
      : []),
  ]
}

function repairs({ repair, paths }: PeerSnapshot): Finding[] {
  if (repair === null || repair.lostFrames === 0) return []
  const { lostFrames, repairedFrames } = repair
  const text = `${count(lostFrames, 'frame')} lost so far, ${repairedFrames} sent again over another path.`
  const isFew = lostFrames >= SOME_LOSSES && repairedFrames < FEW_REPAIRS * lostFrames
  if (!isFew || paths.length < 2) return [fine(text)]
  return [
    trouble(
      text,
      'Most had no other path to go over, or more was lost at once than may be repaired: one path is lossy and the others are full or down.',
    ),
  ]
}

function ordering(order: OrderSnapshot | null): Finding[] {
  if (order === null || order.deliveredPackets === 0) return []
  const { waitedPackets, deliveredPackets, waitMeanMs, waitMaxMs, heldPackets, latePackets } = order
  const skipped = order.skippedHopeless + order.skippedLinger + order.skippedOverflow
  const waited =
    waitedPackets === 0
      ? 'All packets came in order.'
      : `${percent(waitedPackets / deliveredPackets)} of what came had to wait for what was sent before, ${milliseconds(waitMeanMs)} on average, ` +
        `${milliseconds(waitMaxMs)} at most; ${heldPackets} wait now.`
  const given =
    skipped === 0
      ? ''
      : ` ${count(skipped, 'packet')} were not waited for to the end, ${latePackets} of them came late.`
  return [fine(waited + given)]
}

const NOTES: Readonly<Record<string, string>> = {
  'queue-full': 'the paths are full, and those inside learn to send less',
  'path-left': 'waited for a path that died',
  'late-welcome': 'further answers to a greeting, as it should be',
  'link-full': 'a link took no more',
  'no-path': 'no path was up yet, or any more',
  'pool-empty': 'no memory was left for packets: they wait faster than they leave',
  replayed: 'came twice',
  duplicate: 'copies that came over two paths, as they should',
  codel: 'waited for too long; those inside learn to send less',
  'tun-full': 'the TUN device took no more',
}

function drops({ drops: counts }: PeerSnapshot): Finding[] {
  const words = Object.entries(counts).map(
    ([reason, packets]) => `${packets} ${reason}${NOTES[reason] ? ` (${NOTES[reason]})` : ''}`,
  )
  return words.length === 0 ? [] : [fine(`Dropped: ${words.join(', ')}.`)]
}
