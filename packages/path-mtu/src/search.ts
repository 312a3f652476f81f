/** MTUs that lines are known to have, bytes, ascending: tunnels, mobile networks, PPPoE, Ethernet. */
const USUAL_BYTES = [1280, 1332, 1380, 1400, 1420, 1440, 1452, 1460, 1472, 1480, 1492, 1500, 4352, 9000]

/** Less than this is not worth the time that a size takes to fail, bytes. */
const RESOLUTION_BYTES = 8

/**
 * The size to try next when packets of `passesBytes` pass and those of `failsBytes` do not: halves what is known of lines
 * first, and what lies between two of those after that. Undefined when too little lies between.
 */
export function nextSize(passesBytes: number, failsBytes: number): number | undefined {
  const usual = USUAL_BYTES.filter((bytes) => bytes > passesBytes && bytes < failsBytes)
  if (usual.length > 0) return usual[usual.length >> 1]
  return failsBytes - passesBytes > RESOLUTION_BYTES ? (passesBytes + failsBytes) >> 1 : undefined
}
