/**
 * What a network path carries, found out while it is used: nobody has to say how fast a line is. Five parts without
 * I/O and clock, made for the two ends of one direction of one path:
 *
 * - {@link PathReceiver}, at the receiving end, looks at every frame and writes reports: what came, what is missing,
 *   how long it took.
 * - {@link FlightTracker}, at the sending end, remembers what was sent and makes of each report a sample: what is lost
 *   (told at once, with the slot that was kept for a repair), round trip, delay, rates.
 * - {@link CapacityController} makes of the samples an estimate of the capacity. It sends more until a queue begins to
 *   stand, takes what arrives then for the capacity, drains the queue, and goes on just below. So the network queue
 *   stays short while the path is full, whatever its buffers; random loss and jitter do not slow it down; and among
 *   flows that fill every queue it holds its ground.
 * - {@link Pacer} spreads the frames over time at that rate.
 * - {@link emptyReport} makes a report to fill; `@mp/wire` carries it.
 *
 * ```ts
 * import { CapacityController, emptyReport, FlightTracker, Pacer, PathReceiver } from '@mp/rate-control'
 *
 * const tracker = new FlightTracker({
 *   onLost(counter, slot) { return Infinity }, // send it again, over another path, and say when that can be reported
 *   onDone(slot) {}, // give the slot back
 * })
 * const controller = new CapacityController({ maxBps: 20e6 }) // a cap, as the path below has no end
 * const pacer = new Pacer(controller.capacityBps)
 * const receiver = new PathReceiver() // in truth at the other end
 * const bytes = Int32Array.of(1400)
 * const sent = { counter: 0, frames: 1, from: 0, bytes, slots: undefined, appLimited: false }
 * const received = { counter: 0, bytes: 1400, sendTime: 0, duplicate: false }
 * const report = emptyReport()
 *
 * for (let nowMs = 0; nowMs < 1000; nowMs++) {
 *   let roomBytes = Math.min(pacer.budgetBytes(nowMs), controller.inFlightLimitBytes - tracker.inFlightBytes)
 *   for (; roomBytes >= 1400; roomBytes -= 1400) {
 *     pacer.spend(tracker.handleSent(sent, nowMs))
 *     received.counter = sent.counter++
 *     received.sendTime = Math.floor(nowMs / 0.128) & 0xffff
 *     receiver.handleFrame(received, nowMs + 10) // a path of 10 ms
 *   }
 *   if (!receiver.wantsReport(nowMs + 10) || !receiver.writeReport(report, nowMs + 10)) continue
 *   if (tracker.handleReport(report, nowMs + 20) !== 'used') continue
 *   controller.handleSample(tracker.sample, nowMs + 20)
 *   pacer.setRate(controller.capacityBps, nowMs)
 * }
 * console.log(controller.capacityBps > 19e6) // true, from 2e6
 * ```
 *
 * @packageDocumentation
 */
export { CapacityController } from './capacity-controller.ts'
export type { CapacityEvent, CapacityReason } from './capacity-event.ts'
export type { FlightSample } from './flight-sample.ts'
export { FlightTracker } from './flight-tracker.ts'
export type { FlightTrackerOptions, FrameFate, ReportVerdict } from './flight-tracker.ts'
export type { CapacityOptions } from './options.ts'
export { Pacer } from './pacer.ts'
export type { PacerOptions } from './pacer.ts'
export { PathReceiver } from './path-receiver.ts'
export type { ReceivedFrame } from './path-receiver.ts'
export { emptyReport } from './path-report.ts'
export type { SentFrames } from './sent-frames.ts'
