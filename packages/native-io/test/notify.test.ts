import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { loadNativeIo } from '@mp/native-io'
import { requires } from '@mp/netlab'
import { describe, expect, test } from 'vitest'

const native = loadNativeIo()
const missing = requires([], { native: native.io !== undefined })

/** Receives one datagram on an abstract unix socket; Node has none of its own, and every Debian has perl. */
const LISTENER = `
use Socket; $| = 1;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die; bind($s, pack_sockaddr_un("\\0$ARGV[0]")) or die;
print "ready\\n"; alarm 5; recv($s, my $text, 2000, 0); print $text;`

describe.skipIf(missing.length > 0)('words to a service manager [needs native]', () => {
  test('arrive at its socket', async () => {
    const name = `mp-notify-${process.pid}`
    const listener = spawn('perl', ['-e', LISTENER, name])
    const ended = once(listener, 'exit')
    let text = ''
    listener.stdout.on('data', (chunk) => {
      text += String(chunk)
      if (text === 'ready\n') native.io!.notifyService(`@${name}`, 'READY=1\nSTATUS=fine')
    })
    await ended
    expect(text).toBe('ready\nREADY=1\nSTATUS=fine')
  })

  test('that nobody takes are an error that says so', () => {
    const { io } = native
    expect(() => io!.notifyService('/nonexistent/notify', 'READY=1')).toThrow(
      'the service manager at /nonexistent/notify does not listen: ENOENT',
    )
    expect(() => io!.notifyService('/x'.repeat(80), 'READY=1')).toThrow('ENAMETOOLONG')
  })
})
