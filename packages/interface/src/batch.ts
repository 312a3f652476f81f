/**
 * Packet memory.
 *
 * All packets of a process live in one arena, cut into slots. A packet is a slot number with an offset and a
 * length, and what crosses a border is always a batch of them, so that nothing is allocated per packet.
 *
 * ```
 *   slot start        offset                offset+length        slot end
 *   |  headroom  ->   |        packet       |   <- tailroom      |
 * ```
 *
 * Headers are prepended into the headroom and authentication tags appended into the tailroom, in place.
 *
 * **Ownership.** Who holds a slot number must release it exactly once or hand it on. A slot may have several holders, who
 * then only read it. Every call that takes a batch says what becomes of the slots in it. The batch object itself stays
 * with the one who created it.
 */

/**
 * Descriptors of up to `capacity` packets, column by column. Columns are views of one `table`, so that native code
 * gets them all with one pointer: column `c` of packet `i` is `table[c * capacity + i]`, in the order below.
 */
export interface PacketBatch {
  readonly capacity: number
  /** Packets in the batch; rows `0 … count-1` are valid. */
  count: number
  readonly table: Int32Array
  /** Column 0: slot number, for release. */
  readonly slot: Int32Array
  /** Column 1: where the packet starts, bytes from the start of the arena. */
  readonly offset: Int32Array
  /** Column 2: packet length, bytes. */
  readonly length: Int32Array
  /** Column 3: remote address, a number given by the socket or source it belongs to. */
  readonly peer: Int32Array
  /** Column 4: path id, 0…255. */
  readonly path: Int32Array
  /** Column 5: global sequence number. */
  readonly sequence: Int32Array
  /** Column 6: hash of the inner flow. */
  readonly flow: Int32Array
  /**
   * Column 7: traffic class and flags, as in the inner header, in its low 8 bits. Bits 9 and 10 are the ECN field of an IP
   * header: for a socket that of the datagram, where it can; see `ECN_SHIFT` of `@mp/wire`.
   */
  readonly flags: Int32Array

  /**
   * Adds a packet; its other columns are 0.
   * @returns its row, or -1 when the batch is full (the caller still owns the slot).
   */
  push(slot: number, offsetBytes: number, lengthBytes: number): number
  /**
   * Appends row `index` to `target` with all columns. The row stays here: follow with {@link dropFront} or a reset
   * of `count`, or the slot is in two places.
   * @returns false when `target` is full, and then nothing happened.
   */
  copyRow(index: number, target: PacketBatch): boolean
  /**
   * The same for the rows `from … to-1`, from the first on as many as `target` has room for: costs less than one by one.
   * @returns how many.
   */
  copyRows(from: number, to: number, target: PacketBatch): number
  /**
   * Copies row `from` over row `to`, all columns: to close the gap of a packet that was taken out. Rows are not checked,
   * and the row that was at `to` is nobody's afterwards.
   */
  moveRow(from: number, to: number): void
  /** Forgets the first `packets` rows and moves the others to the front. Releases nothing. */
  dropFront(packets: number): void
  /** Length of all packets together, bytes; looks at every row. */
  sumOfLengths(): number
}

/** Where packets live and who counts them. Implemented by `@mp/mempool`. */
export interface PacketPool {
  /** All slots. Never resized, never transferred. */
  readonly arena: Uint8Array
  /** Free bytes in front of a packet in a fresh slot. */
  readonly headroomBytes: number
  /** Free bytes at least left behind the largest packet of a fresh slot. */
  readonly tailroomBytes: number
  /** Largest packet a slot from `acquire()` holds between headroom and tailroom, bytes. */
  readonly packetBytes: number
  /** Slots out now; 0 at the end of every test. */
  readonly inUse: number
  /** Slots in all. */
  readonly capacity: number

  /**
   * Takes a slot whose packet may be up to `packetBytes` long (default: {@link PacketPool.packetBytes}).
   * @returns the slot number, or -1 when the bound is reached: drop the packet and count it.
   */
  acquire(packetBytes?: number): number
  /**
   * Adds a holder to a slot that is out: it is free once all of them have released it. Throws RangeError for a slot that
   * is not out.
   */
  retain(slot: number): void
  /** Gives a slot back. Throws RangeError for a slot that is not out: a double release is a bug. */
  release(slot: number): void
  /** Gives back every slot in `batch` and empties it. */
  releaseAll(batch: PacketBatch): void
  /** Where a packet starts in a fresh slot, bytes from the start of the arena. */
  offsetOf(slot: number): number
  /** First byte of a slot, from the start of the arena. */
  startOf(slot: number): number
  /** First byte behind a slot, from the start of the arena. */
  endOf(slot: number): number
  /** A batch over this pool's arena. */
  createBatch(capacity: number): PacketBatch
}
