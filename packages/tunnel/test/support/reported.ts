import type { PathReport } from '@mp/interface'
import { emptyReport } from '@mp/rate-control'
import { ControlKind, FrameType, HEADER_BYTES, ReportCodec } from '@mp/wire'
import type { Seen } from './tap.ts'
import type { End } from './end.ts'

/** The reports an end has sent, with the frames around them. */
export const reportsOf = ({ tap }: End): readonly Seen[] =>
  tap.sent.filter(
    ({ header, bytes }) => header.type === FrameType.control && bytes[HEADER_BYTES] === ControlKind.report,
  )

/** What the reports of an end say of each path at last, by path id. */
export function reported(end: End, what: 'frames' | 'duplicates' | 'congestionMarks'): number[] {
  const said: number[] = []
  const report: PathReport = emptyReport()
  for (const { bytes } of reportsOf(end)) {
    const codec = new ReportCodec(bytes)
    codec.read(HEADER_BYTES, bytes.length - HEADER_BYTES)
    while (codec.nextPath(report)) said[report.pathId] = report[what]
  }
  return said
}
