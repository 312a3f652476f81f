/**
 * The scheduler alone: three lines share one stream of packets by weight. It says who is next and is told what was
 * sent; what a line really is does not concern it.
 */
import { CfsScheduler } from '@mp/scheduler-cfs'

interface Line {
  readonly id: string
  readonly weight: number
  sentBytes: number
}

const line = (id: string, weight: number): Line => ({ id, weight, sentBytes: 0 })

/** Sends `packets` of any size and says which share of the bytes each line got, in percent. */
function send(scheduler: CfsScheduler<Line>, lines: readonly Line[], packets: number): string {
  for (const each of lines) each.sentBytes = 0
  for (let packet = 0; packet < packets; packet++) {
    const next = scheduler.peek()
    if (next === undefined) return 'no line is runnable'
    const lengthBytes = 60 + ((packet * 397) % 1440)
    next.sentBytes += lengthBytes
    scheduler.charge(next, lengthBytes)
  }
  const totalBytes = lines.reduce((sum, { sentBytes }) => sum + sentBytes, 0)
  return lines.map(({ id, sentBytes }) => `${id} ${((100 * sentBytes) / totalBytes).toFixed(1)} %`).join(', ')
}

export function main(): string {
  const [dsl, lte, fibre] = [line('dsl', 1), line('lte', 2), line('fibre', 5)]
  const lines = [dsl, lte, fibre]
  const scheduler = new CfsScheduler<Line>()
  for (const each of lines) scheduler.add(each)
  const text = [`by weight 1:2:5    ${send(scheduler, lines, 10_000)}`]

  scheduler.suspend(fibre)
  text.push(`fibre is cut       ${send(scheduler, lines, 10_000)}`)

  scheduler.resume(fibre)
  scheduler.setWeight(dsl, 3)
  text.push(`back, dsl weighs 3 ${send(scheduler, lines, 10_000)}`)
  return text.join('\n')
}

if (process.argv[1] === import.meta.filename) process.stdout.write(`${main()}\n`)
