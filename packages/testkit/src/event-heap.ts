/** What waits for a time. The heap writes `index`; nobody else does. */
export interface HeapEvent {
  atMs: number
  /** Decides between equal times: the smaller is first. */
  order: number
  /** Place in the heap, -1 when not in one. */
  index: number
}

/** Events by time, then by order: a binary min-heap that knows where each event is, so that one can be taken out. */
export class EventHeap<E extends HeapEvent> {
  readonly #events: E[] = []

  get size(): number {
    return this.#events.length
  }

  peek(): E | undefined {
    return this.#events[0]
  }

  push(event: E): void {
    this.#events.push(event)
    this.#siftUp(event, this.#events.length - 1)
  }

  pop(): E | undefined {
    const first = this.#events[0]
    if (first) this.remove(first)
    return first
  }

  /** Takes `event` out, wherever it is. Nothing happens when it is not in the heap. */
  remove(event: E): void {
    const hole = event.index
    if (hole < 0) return
    event.index = -1
    const last = this.#events.pop() as E
    if (last === event) return
    const parent = this.#events[(hole - 1) >> 1]
    if (hole > 0 && parent && before(last, parent)) this.#siftUp(last, hole)
    else this.#siftDown(last, hole)
  }

  #siftUp(event: E, from: number): void {
    let at = from
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = this.#events[up] as E
      if (!before(event, parent)) break
      this.#place(parent, at)
      at = up
    }
    this.#place(event, at)
  }

  #siftDown(event: E, from: number): void {
    const events = this.#events
    let at = from
    for (;;) {
      let down = 2 * at + 1
      const left = events[down]
      if (!left) break
      const right = events[down + 1]
      const child = right && before(right, left) ? right : left
      if (child === right) down++
      if (!before(child, event)) break
      this.#place(child, at)
      at = down
    }
    this.#place(event, at)
  }

  #place(event: E, at: number): void {
    this.#events[at] = event
    event.index = at
  }
}

function before(a: HeapEvent, b: HeapEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
