import type { PathSnapshot, PeerSnapshot } from '../../daemon/snapshot.ts'
import { dropsText } from '../status-text.ts'
import { count, milliseconds, percent, rate } from '../units.ts'
import { fine, trouble } from './explanation.ts'
import type { Finding, PathExplanation } from './explanation.ts'
import { whyUnused } from './unused.ts'

/** A peer that is sent less than this is idle, bit/s. */
const IDLE_BPS = 100_000
/** A path with less of what is sent than this carries nothing worth speaking of. */
const HARDLY = 0.01
/** Queues longer than this are felt, ms. */
const LONG_QUEUE_MS = 60
/** Losses above this are worth looking into. */
const MUCH_LOSS = 0.02
/** Used to this part of what it carries a path is full. */
const FULL = 0.85

/** Why a path carries what it carries. */
export function explainPath(path: PathSnapshot, peer: PeerSnapshot): PathExplanation {
  const why = whyUnused(path)
  const findings = why === undefined ? [loadOf(path, peer), ...measuresOf(path)] : [why]
  return {
    name: path.name,
    isUsed: path.isUsed,
    unusedReason: path.unusedReason,
    share: path.txShare,
    capacityBps: path.capacityBps,
    usedBps: path.txBps,
    baseRttMs: path.rttMinMs,
    queueDelayMs: path.queueDelayMs,
    congestionLossRatio: path.congestionLossRatio,
    radioLossRatio: path.radioLossRatio,
    findings: [...findings, ...waiting(path)],
  }
}

/** What it carries of what is sent, and why not more. */
function loadOf(path: PathSnapshot, peer: PeerSnapshot): Finding {
  const { txShare, txBps, capacityBps } = path
  if (peer.txBps === null || peer.txBps < IDLE_BPS || txShare === null)
    return fine('Ready; hardly anything is sent now.')
  if (txShare < HARDLY) return fine(notNeeded(path, peer))
  const carried = `Carries ${percent(txShare)} of what is sent, ${rate(txBps)}`
  if (capacityBps === null) return fine(`${carried}.`)
  const isFull = txBps !== null && txBps > FULL * capacityBps
  return fine(
    `${carried} of about ${rate(Math.max(capacityBps, txBps ?? 0))} that it carries${isFull ? ': it is full' : ''}.`,
  )
}

/** Which other path does its work, as far as can be told. */
function notNeeded(path: PathSnapshot, { paths }: PeerSnapshot): string {
  const busy = paths.filter(({ txShare }) => (txShare ?? 0) >= HARDLY)
  const isRoom = busy.some(
    ({ txBps, capacityBps }) => capacityBps !== null && (txBps ?? 0) < FULL * capacityBps,
  )
  const names = busy.map(({ name }) => name).join(' and ')
  return isRoom
    ? `Ready, not needed now: ${names} ${busy.length === 1 ? 'has' : 'have'} room and ${busy.length === 1 ? 'delivers' : 'deliver'} earlier.`
    : `Ready, but left out: with ${milliseconds(path.rttMinMs)} there and back a packet arrives later over it than by waiting for ${names}.`
}

function measuresOf(path: PathSnapshot): Finding[] {
  return [...delayOf(path), ...lossOf(path)]
}

function delayOf({ rttMs, rttMinMs, queueDelayMs }: PathSnapshot): Finding[] {
  if (rttMinMs === null) return []
  const base = `${milliseconds(rttMinMs)} there and back while nothing queues`
  if (queueDelayMs === null) return [fine(`${base}; ${milliseconds(rttMs)} now.`)]
  const text = `${base}; queues add ${milliseconds(queueDelayMs)} now.`
  if (queueDelayMs <= LONG_QUEUE_MS) return [fine(text)]
  return [
    trouble(
      text,
      'Something else fills this line, or it has just become slower; it is used less until the queue is gone.',
    ),
  ]
}

function lossOf({ congestionLossRatio, radioLossRatio, probeLossRatio }: PathSnapshot): Finding[] {
  if (congestionLossRatio === null || radioLossRatio === null) {
    return probeLossRatio < MUCH_LOSS
      ? []
      : [
          trouble(
            `${percent(probeLossRatio)} of its probes are lost.`,
            'Look at signal, cable and modem of this line.',
          ),
        ]
  }
  const text = `Loses ${percent(radioLossRatio)} whatever is sent, and ${percent(congestionLossRatio)} for being full.`
  if (radioLossRatio < MUCH_LOSS) return [fine(text)]
  return [
    trouble(
      text,
      'It is used all the same, and losses are repaired; look at signal, cable and modem of this line.',
    ),
  ]
}

function waiting({ waitingPackets, drops }: PathSnapshot): Finding[] {
  const dropped = dropsText(drops)
  return [
    ...(waitingPackets > 0 ? [fine(`${count(waitingPackets, 'packet')} wait for it.`)] : []),
    ...(dropped === '' ? [] : [fine(`Its link dropped: ${dropped}.`)]),
  ]
}
