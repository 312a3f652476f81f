/** Slots of one size. */
export interface SizeClass {
  /** Largest packet of a fresh slot, bytes, 1…65 536. */
  readonly packetBytes: number
  /** How many slots, ≥ 1. */
  readonly slots: number
}

/** How a pool is cut. Nothing of it can change later. */
export interface MempoolOptions {
  /** Room in front of a packet, bytes, rounded up to a multiple of 16. Default 64: a frame header needs 16, a virtio-net header 10. */
  readonly headroomBytes?: number
  /** Room kept behind the largest packet, bytes. Default 64: an authentication tag needs 16. */
  readonly tailroomBytes?: number
  /**
   * Sizes of slots, 1…16 classes in any order. `acquire()` without a size means the first one.
   * Default: 4096 slots for packets of 1920 bytes, 2048 bytes each with the default rooms, 8 MiB in all.
   */
  readonly classes?: readonly SizeClass[]
}

/** A size class as laid out in the arena. */
export interface Region {
  readonly packetBytes: number
  readonly slots: number
  readonly slotBytes: number
  /** Number of its first slot. */
  readonly firstSlot: number
}

/** All of a pool's numbers, checked. */
export interface Layout {
  readonly headroomBytes: number
  readonly tailroomBytes: number
  /** Packet size of the class that was named first, bytes. */
  readonly packetBytes: number
  readonly capacity: number
  readonly arenaBytes: number
  /** In ascending order of packet size, as they lie in the arena. */
  readonly regions: readonly Region[]
}

/** Slot starts, from the start of the arena: one cache line. */
const SLOT_ALIGN_BYTES = 64
const PACKET_ALIGN_BYTES = 16
const MAX_PACKET_BYTES = 65_536
const MAX_ROOM_BYTES = 65_536
const MAX_CLASSES = 16
/** Offsets are kept in 32-bit signed words. */
const MAX_ARENA_BYTES = 2 ** 31 - 1
const DEFAULT_CLASSES: readonly SizeClass[] = [{ packetBytes: 1920, slots: 4096 }]

/** Works out where everything lies. Throws RangeError that says which option is wrong. */
export function layoutOf(options: MempoolOptions): Layout {
  const classes = options.classes ?? DEFAULT_CLASSES
  checkRange('classes (how many)', classes.length, 1, MAX_CLASSES)
  const { headroomBytes: askedHeadroom = 64, tailroomBytes = 64 } = options
  checkRange('headroomBytes', askedHeadroom, 0, MAX_ROOM_BYTES)
  checkRange('tailroomBytes', tailroomBytes, 0, MAX_ROOM_BYTES)
  const headroomBytes = roundUp(askedHeadroom, PACKET_ALIGN_BYTES)

  const regions: Region[] = []
  let capacity = 0
  let arenaBytes = 0
  for (const { packetBytes, slots } of classes.toSorted((a, b) => a.packetBytes - b.packetBytes)) {
    checkRange('packetBytes', packetBytes, 1, MAX_PACKET_BYTES)
    checkRange('slots', slots, 1, MAX_ARENA_BYTES)
    const slotBytes = roundUp(headroomBytes + packetBytes + tailroomBytes, SLOT_ALIGN_BYTES)
    regions.push({ packetBytes, slots, slotBytes, firstSlot: capacity })
    capacity += slots
    arenaBytes += slots * slotBytes
  }
  checkRange('bytes of all slots', arenaBytes, 1, MAX_ARENA_BYTES)
  return { headroomBytes, tailroomBytes, packetBytes: classes[0]!.packetBytes, capacity, arenaBytes, regions }
}

function roundUp(bytes: number, multiple: number): number {
  return Math.ceil(bytes / multiple) * multiple
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw new RangeError(`mempool: ${name} must be an integer from ${min} to ${max}, not ${value}`)
}
