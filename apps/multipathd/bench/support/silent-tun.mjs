/** A TUN device from which nothing comes, and to which nothing should go. */
export function silentTun(pool) {
  const stats = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0, drops: {} }
  return {
    name: 'silent',
    backend: 'silent',
    mtuBytes: 1400,
    start() {},
    write(batch) {
      const { count } = batch
      stats.txPackets += count
      pool.releaseAll(batch)
      return count
    },
    stats: () => stats,
    close: async () => {},
  }
}
