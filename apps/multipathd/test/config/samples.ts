/** The least that a client and a server need. */
export const client = {
  security: 'none',
  client: { remotePaths: [{ remoteAddr: '192.0.2.7:5000' }] },
  tun: { localAddr: '10.8.0.1', remoteAddr: '10.8.0.2' },
}
export const server = {
  security: 'none',
  isServer: true,
  server: { listen: '0.0.0.0:5000' },
  tun: client.tun,
}
