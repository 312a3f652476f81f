const COLUMNS = [
  ['Mbit/s', ({ mbit }) => mbit.toFixed(1)],
  ['/ sum', ({ ofSum }) => ofSum.toFixed(2)],
  ['/ best alone', ({ ofBest }) => ofBest?.toFixed(2)],
  ['alone', ({ aloneMbit }) => aloneMbit.map((mbit) => mbit.toFixed(1)).join(' ')],
  ['ping p50', ({ pingP50Ms }) => pingP50Ms?.toFixed(0)],
  ['p95 ms', ({ pingP95Ms }) => pingP95Ms?.toFixed(0)],
  ['lost', ({ pingsLost }) => String(pingsLost)],
  ['silence ms', ({ silenceMs }) => String(silenceMs)],
  ['back s', ({ events }) => backSeconds(events)],
]
const NAME_WIDTH = 24

export function printHead() {
  console.log(
    row(
      '',
      COLUMNS.map(([head]) => head),
    ),
  )
}

export function printCase(measured) {
  console.log(
    row(
      measured.name,
      COLUMNS.map(([, cell]) => cell(measured) ?? '-'),
    ),
  )
}

/** How long lines that came back took to carry again; "never" where they did not. */
function backSeconds(events) {
  const back = events.filter(({ act }) => act === 'restore' || act === 'up')
  return back.map(({ backSeconds: seconds }) => seconds?.toFixed(1) ?? 'never').join(' ')
}

function row(name, cells) {
  return name.padEnd(NAME_WIDTH) + cells.map((cell, index) => cell.padStart(width(index))).join('')
}

const width = (index) => (COLUMNS[index][0] === 'alone' ? 24 : COLUMNS[index][0].length + 3)
