import type { Quantity } from '../feed/units.ts'
import { WINDOW_SECONDS } from '../feed/history.ts'

type Format = (value: number) => Quantity

/** Marks of the time axis, one a minute, seconds since 1970. */
export function minutesBefore(second: number): number[] {
  return Array.from({ length: WINDOW_SECONDS / 60 + 1 }, (_, index) => second - WINDOW_SECONDS + index * 60)
}

export function minuteText(mark: number, second: number): string {
  const minutes = Math.round((second - mark) / 60)
  return minutes === 0 ? 'now' : `−${minutes} min`
}

/** The unit that suits the top of an axis; all its marks are written in it. */
export function unitOfAxis(top: number, format: Format): { readonly unit: string; readonly size: number } {
  const { number, unit } = format(top)
  return { unit, size: top / Number(number) }
}

/** Marks in that unit, without digits that say nothing. */
export function markTexts(marks: readonly number[], size: number): string[] {
  return marks.map((mark) => String(Number((mark / size).toPrecision(3))))
}
