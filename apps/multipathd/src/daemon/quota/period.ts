/** The months of a quota: from the same day on, local time, at midnight. In a shorter month its last day counts. */

/** When the period that `atMs` is in began, ms since 1970. */
export function periodStart(atMs: number, resetDay: number): number {
  const now = new Date(atMs)
  const thisMonth = resetIn(now.getFullYear(), now.getMonth(), resetDay)
  return atMs >= thisMonth ? thisMonth : resetIn(now.getFullYear(), now.getMonth() - 1, resetDay)
}

/** When the next one begins, ms since 1970. */
export function nextReset(atMs: number, resetDay: number): number {
  const now = new Date(atMs)
  const thisMonth = resetIn(now.getFullYear(), now.getMonth(), resetDay)
  return atMs < thisMonth ? thisMonth : resetIn(now.getFullYear(), now.getMonth() + 1, resetDay)
}

function resetIn(year: number, month: number, day: number): number {
  const lastDay = new Date(year, month + 1, 0).getDate()
  return new Date(year, month, Math.min(day, lastDay)).getTime()
}
