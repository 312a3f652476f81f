import { errnoCode, explainFault, formatEndpoint, parseEndpoint } from '@mp/runtime-node'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

describe('parseEndpoint', () => {
  it.each([
    ['127.0.0.1:5000', '127.0.0.1', 5000],
    ['example.net:0', 'example.net', 0],
    ['my_host:65535', 'my_host', 65_535],
    ['[::1]:5000', '::1', 5000],
    ['[fe80::1%eth0]:5000', 'fe80::1%eth0', 5000],
  ])('reads %s', (text, host, port) => {
    expect(parseEndpoint(text)).toEqual({ host, port })
    expect(formatEndpoint(host, port)).toBe(text)
  })

  it.each([
    ['', /no port/],
    ['127.0.0.1', /no port/],
    ['127.0.0.1:', /the port must be/],
    ['127.0.0.1:http', /'http'/],
    ['127.0.0.1:65536', /0 to 65535/],
    ['127.0.0.1:-1', /the port must be/],
    [':5000', /write 0\.0\.0\.0:5000 or \[::\]:5000/],
    ['::1:5000', /needs brackets: write \[::1\]:5000/],
    ['[127.0.0.1]:5000', /not an IPv6 address/],
    ['[::1:5000', /neither/],
    ['256.1.1.1:5000', /neither an IP address nor a host name/],
    ['two words:5000', /neither/],
    ['-x:5000', /neither/],
    [`${'a'.repeat(254)}:5000`, /neither/],
  ])('says what is wrong with %s', (text, reason) => {
    expect(parseEndpoint(text)).toEqual({ error: expect.stringMatching(reason) })
  })

  it('never throws, and what it accepts is written back as it came', () => {
    const parts = fc.array(
      fc.constantFrom('a', '1', '.', ':', '[', ']', '-', '%', ' ', '5000', '::1', '127.0.0.1'),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          parts.map((each) => each.join('')),
        ),
        (text) => {
          const endpoint = parseEndpoint(text)
          const again = 'error' in endpoint ? text : formatEndpoint(endpoint.host, endpoint.port)
          expect(again.replace(/:0*(?=\d+$)/, ':')).toBe(text.replace(/:0*(?=\d+$)/, ':'))
        },
      ),
    )
  })
})

describe('explainFault', () => {
  it('names the fault behind a system error, and a way out', () => {
    expect(explainFault({ code: 'EADDRINUSE' })).toEqual({
      fault: 'ADDRESS_IN_USE',
      advice: expect.stringContaining('choose another port'),
    })
  })

  it('keeps the code, or the text, of what it does not know', () => {
    expect(explainFault({ code: 'EXDEV' })).toEqual({ fault: 'FAILED', advice: 'the system says EXDEV' })
    expect(explainFault(new Error('odd'))).toEqual({ fault: 'FAILED', advice: 'Error: odd' })
    expect([errnoCode(undefined), errnoCode({ code: 5 })]).toEqual(['', ''])
  })
})
