/** Frames that were sent, one or several in a row. Reuse one object for all of them. */
export interface SentFrames {
  /** Whole path counter of the first; each has the one after that of the frame before, none left out. */
  counter: number
  /** How many they are: entries from `from` on in both columns. */
  frames: number
  from: number
  /** Their lengths, bytes. */
  bytes: Int32Array
  /** Their slots, which are kept for a repair and yours again through {@link FrameFate}; undefined when none is kept. */
  slots: Int32Array | undefined
  /** Nothing else waits for the path behind the last. */
  appLimited: boolean
  /** The peer reports nothing because of them, as they are reports themselves. Default false. */
  isReport?: boolean
}
