export { NetworkError } from './address.ts'
export { MemoryNetwork, memorySocket, type MemoryNetworkOptions, type NetworkPath } from './memory-network.ts'
export type { MemorySocketOptions } from './memory-socket.ts'
export { memoryTransport, type MemoryTransportOptions } from './memory-transport.ts'
