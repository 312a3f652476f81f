import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { Connection } from './connection.ts'
import type { Service } from './connection.ts'
import { MAX_CONNECTIONS } from './protocol.ts'
import { claimSocketPath } from './socket-path.ts'

/** An open control socket. */
export interface ControlServer {
  readonly path: string
  /** Tells the clients, and removes the socket. Idempotent. */
  close(): Promise<void>
}

/** Only the owner may connect. */
const SOCKET_UMASK = 0o177

/**
 * Serves commands at the unix socket `path`, which nobody but the user of the daemon (and root) may use.
 * Rejects when another daemon answers there, or the place cannot be used.
 */
export async function openControl(path: string, service: Service): Promise<ControlServer> {
  await claimSocketPath(path)
  const connections = new Set<Connection>()
  const server = createServer((socket) => accept(socket, service, connections))
  await listen(server, path)
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    for (const connection of connections) connection.close('refused', 'the daemon stops')
    return new Promise((resolve) => {
      server.close(() => resolve())
    })
  }
  return { path, close: () => (closing ??= close()) }
}

function accept(socket: Socket, service: Service, connections: Set<Connection>): void {
  const connection = new Connection(socket, service)
  connections.add(connection)
  socket.once('close', () => connections.delete(connection))
  if (connections.size > MAX_CONNECTIONS)
    connection.close('busy', `${MAX_CONNECTIONS} clients are connected: close one of them`)
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // The socket is made within the call, so that at no time others may use it.
    const umask = process.umask(SOCKET_UMASK)
    try {
      server.listen(path, () => resolve())
    } finally {
      process.umask(umask)
    }
  })
}
