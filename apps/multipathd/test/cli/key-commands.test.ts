import { describe, expect, test } from 'vitest'
import { KEYS } from '../config/samples.ts'
import { run } from './run.ts'

const KEY_LINE = /^[A-Za-z0-9+/]{43}=\n$/

describe.each(['genkey', 'genpsk'])('multipathd %s', (command) => {
  test('prints one key in one line, never the same', async () => {
    const outcomes = await Promise.all([run([command]), run([command])])
    for (const { exit, out, err } of outcomes) {
      expect([exit, err]).toEqual([0, ''])
      expect(out).toMatch(KEY_LINE)
    }
    expect(outcomes[0]?.out).not.toBe(outcomes[1]?.out)
  })

  test('takes no arguments', async () => {
    const { exit, out } = await run([command, 'server.key'])
    expect([exit, out]).toEqual([64, ''])
  })
})

describe('multipathd pubkey', () => {
  test.each([
    ['with', '\n'],
    ['without', ''],
    ['with a foreign', '\r\n'],
  ])('prints the public key of a private key %s line end', async (_, end) => {
    const { exit, out, err } = await run(['pubkey'], { input: KEYS.server.privateKey + end })
    expect([exit, out, err]).toEqual([0, `${KEYS.server.publicKey}\n`, ''])
  })

  const { privateKey } = KEYS.client
  test.each([
    ['nothing', ''],
    ['a word', 'garbage\n'],
    ['a key cut short', privateKey.slice(0, -2)],
    ['a key without padding', privateKey.slice(0, -1)],
    ['two keys', `${privateKey}\n${privateKey}\n`],
    ['a key with bits to spare', `${'A'.repeat(42)}B=`],
    ['a flood', 'A'.repeat(100_000)],
  ])('refuses %s, and does not repeat it', async (_, input) => {
    const { exit, out, err } = await run(['pubkey'], { input })
    expect([exit, out]).toEqual([1, ''])
    expect(err).toBe(
      'multipathd: standard input holds no key: expected 44 characters of base64 in one line, ' +
        'as `multipathd genkey` prints it\n',
    )
  })
})
