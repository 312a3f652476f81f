/** One column: what stands above it and on which side it is flush. */
export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

const GAP = '  '

/** Lines of a table whose columns are as wide as they must be; the first one has the titles. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map(printable))]
  const widths = columns.map((_column, index) => Math.max(...cells.map((row) => widthOf(row[index] ?? ''))))
  return cells.map((row) =>
    row
      .map((cell, index) => pad(cell, widths[index]!, columns[index]?.align ?? 'left'))
      .join(GAP)
      .trimEnd(),
  )
}

/** `text` in exactly `width` places: cut or filled up. */
export function fit(text: string, width: number, align: Column['align'] = 'left'): string {
  const letters = Array.from(printable(text))
  if (letters.length <= width) return pad(letters.join(''), width, align)
  return width <= 0 ? '' : `${letters.slice(0, width - 1).join('')}…`
}

/** Names come from configs: what would move the cursor is shown as a question mark. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '?')
}

function pad(text: string, width: number, align: Column['align']): string {
  const room = ' '.repeat(Math.max(0, width - widthOf(text)))
  return align === 'right' ? room + text : text + room
}

/** Places that `text` takes, but for wide letters. */
export const widthOf = (text: string): number => Array.from(text).length
