import { Mempool } from '@mp/mempool'
import { udpMux } from '@mp/udpmux'
import type { UdpMux } from '@mp/udpmux'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Recorder, expectNoneOut, simulatedMux } from './fixtures.ts'

let pool: Mempool
beforeEach(() => {
  pool = new Mempool({ classes: [{ packetBytes: 1920, slots: 16 }] })
})
afterEach(() => {
  expectNoneOut(pool)
})

const dgramMux = (): UdpMux => udpMux({ pool, backend: 'dgram' })

describe('errors say what is wrong', () => {
  it.each([
    ['no endpoint', 'nowhere', {}, 'MP_UDP_BAD_ADDRESS', /there is no port/],
    ['port 0', '127.0.0.1:0', {}, 'MP_UDP_BAD_ADDRESS', /port 0/],
    ['a local name', '127.0.0.1:9', { localAddress: 'eth0' }, 'MP_UDP_BAD_ADDRESS', /'eth0' is not an IP/],
    ['mixed families', '127.0.0.1:9', { localAddress: '::1' }, 'MP_UDP_BAD_ADDRESS', /both must be IPv4/],
    ['a foreign address', '127.0.0.1:9', { localAddress: '192.0.2.1' }, 'MP_UDP_BAD_ADDRESS', /no interface/],
    ['a device', '127.0.0.1:9', { device: 'lo' }, 'MP_UDP_NO_DEVICE_BINDING', /use the native backend/],
  ])('dial with %s', async (_name, endpoint, options, code, message) => {
    const dialing = dgramMux().dial(endpoint, { handler: new Recorder(pool), ...options })
    await expect(dialing).rejects.toMatchObject({
      name: 'UdpError',
      code,
      message: expect.stringMatching(message),
    })
  })

  it('listen at an address in use', async () => {
    const listener = await dgramMux().listen('127.0.0.1:0', new Recorder(pool))
    await expect(dgramMux().listen(listener.localAddress, new Recorder(pool))).rejects.toMatchObject({
      code: 'MP_UDP_ADDRESS_IN_USE',
      cause: { code: 'EADDRINUSE' },
      message: expect.stringContaining(listener.localAddress),
    })
    await listener.close()
  })
})

describe('the backend', () => {
  it('is visible, with the reason', () => {
    expect(udpMux({ pool, backend: 'dgram' })).toMatchObject({ backend: 'dgram', backendReason: 'asked for' })
    expect(simulatedMux({ pool }).mux.backend).toBe('custom')
    const chosen = udpMux({ pool })
    expect(['native', 'dgram']).toContain(chosen.backend)
    expect(chosen.backendReason).not.toBe('')
  })

  it('falls back to dgram, or says why not, when the addon is switched off', () => {
    const before = process.env['MP_NATIVE']
    process.env['MP_NATIVE'] = 'off'
    try {
      expect(udpMux({ pool })).toMatchObject({
        backend: 'dgram',
        backendReason: expect.stringContaining('MP_NATIVE'),
      })
      expect(() => udpMux({ pool, backend: 'native' })).toThrow(
        expect.objectContaining({ code: 'MP_UDP_NO_NATIVE' }),
      )
    } finally {
      if (before === undefined) delete process.env['MP_NATIVE']
      else process.env['MP_NATIVE'] = before
    }
  })
})
