import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MAX_VIEWERS } from '../../src/dashboard/live-feed.ts'
import { Token, loadToken } from '../../src/dashboard/token.ts'
import { servePage } from './support/page-server.ts'
import { World, homePeer } from './support/world.ts'

/** Asks without the help of a browser, so that any header can be said. */
function ask(
  address: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(`http://${address}${path}`, { headers, agent: false }, resolve).on('error', reject)
  })
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text
}

describe('the server of the page', () => {
  let world: World
  let page: Awaited<ReturnType<typeof servePage>>
  let cookie: string
  beforeEach(async () => {
    world = new World()
    page = await servePage(world)
    const { headers } = await ask(page.address, `/?token=${page.token.text}`)
    cookie = headers['set-cookie']![0]!.split(';', 1)[0]!
  })
  afterEach(() => page.close())

  test('gives a cookie for the token and takes the token out of the address', async () => {
    const { statusCode, headers } = await ask(page.address, `/?token=${page.token.text}`)
    expect(statusCode).toBe(303)
    expect(headers.location).toBe('/')
    expect(headers['set-cookie']![0]).toMatch(
      /^multipathd-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    )
    expect((await ask(page.address, '/', { cookie })).statusCode).toBe(200)
  })

  test.each([
    '/',
    '/live',
    '/session',
    '/index.html',
    '/?token=',
    '/?token=wrong',
    '//',
    '/?token=%',
    '/live?token=x',
  ])('tells nobody without the token anything at %s', async (path) => {
    const response = await ask(page.address, path)
    expect(response.statusCode).toBe(401)
    expect(await bodyOf(response)).toBe(
      'This page needs a token: run `multipathd dashboard` and open the address it prints.\n',
    )
  })

  test('does not take the cookie of another daemon, or a wrong one', async () => {
    const [name, value] = cookie.split('=') as [string, string]
    for (const wrong of [`${name}=${value.slice(1)}`, `multipathd-1=${value}`, name, `${name}=`])
      expect((await ask(page.address, '/', { cookie: wrong })).statusCode).toBe(401)
    expect((await ask(page.address, '/', { cookie: `other=1; ${cookie}` })).statusCode).toBe(200)
  })

  test('answers only who means this machine, token or not', async () => {
    for (const path of ['/', `/?token=${page.token.text}`])
      expect((await ask(page.address, path, { cookie, host: 'evil.example' })).statusCode).toBe(421)
  })

  test('forbids all but its own files, also where it refuses', async () => {
    for (const headers of [{ cookie }, {}]) {
      const response = await ask(page.address, '/', headers)
      const policy = response.headers['content-security-policy']!
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/)
      expect(policy).not.toMatch(/unsafe|data:|\*|https?:/)
      expect(policy).toContain("frame-ancestors 'none'")
      expect(response.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      })
    }
  })

  test('serves the files of the page and no others', async () => {
    const html = await bodyOf(await ask(page.address, '/', { cookie }))
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!)
    expect(files.length).toBeGreaterThanOrEqual(3)
    for (const file of files) {
      const { statusCode, headers } = await ask(page.address, file, { cookie })
      expect(statusCode).toBe(200)
      expect(headers['cache-control']).toContain('immutable')
    }
    for (const path of ['/../package.json', '/assets/../../package.json', '/%2e%2e/package.json', '/nothing'])
      expect((await ask(page.address, path, { cookie })).statusCode).toBe(404)
  })

  test('sends what happened, how things are, and then both as they change', async () => {
    world.say('dsl: normal')
    const live = await ask(page.address, '/live', { cookie })
    expect(live.headers['content-type']).toBe('text/event-stream')
    let text = ''
    live.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    await expect
      .poll(() => text.match(/^event: \w+/gm))
      .toEqual(['event: events', 'event: moments', 'event: snapshot', 'event: snapshot'])
    expect(text).toContain('dsl: normal')
    world.say('dsl: lost')
    await expect.poll(() => text).toContain('dsl: lost')
    live.destroy()
  })

  test('has room for some viewers, and again when one has left', async () => {
    const viewers = await Promise.all(
      Array.from({ length: MAX_VIEWERS }, () => ask(page.address, '/live', { cookie })),
    )
    expect((await ask(page.address, '/live', { cookie })).statusCode).toBe(503)
    viewers[0]!.destroy()
    await expect
      .poll(async () => {
        const live = await ask(page.address, '/live', { cookie })
        live.destroy()
        return live.statusCode
      })
      .toBe(200)
    for (const viewer of viewers) viewer.destroy()
  })

  test('leaves out the peers that carry least when there are very many', async () => {
    world.peers = Array.from({ length: 150 }, (_, index) => homePeer(`peer ${index}`))
    const live = await ask(page.address, '/live', { cookie })
    let text = ''
    live.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    await expect.poll(() => text).toMatch(/event: snapshot\ndata: .*\n\n/)
    const [, json] = /event: snapshot\ndata: (.*)\n\n/.exec(text)!
    expect((JSON.parse(json!) as { readonly peers: readonly unknown[] }).peers).toHaveLength(100)
    live.destroy()
  })
})

describe('the token file', () => {
  let folder: string
  let file: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'multipathd-token-'))
    file = join(folder, 'token')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('is made for its owner only, and read again', () => {
    const token = loadToken(file)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8').trim()).toBe(token.text)
    expect(loadToken(file).text).toBe(token.text)
  })

  test('is refused when others may read it, or it leads elsewhere, or holds no token', () => {
    loadToken(file)
    chmodSync(file, 0o640)
    expect(() => loadToken(file)).toThrow(/can be read by others: run `chmod 600/)
    chmodSync(file, 0o600)
    symlinkSync(file, join(folder, 'link'))
    expect(() => loadToken(join(folder, 'link'))).toThrow(/cannot be read: ELOOP/)
    writeFileSync(file, 'short\n')
    expect(() => loadToken(file)).toThrow(/does not hold a token: remove it/)
    expect(() => loadToken(join(folder, 'none', 'token'))).toThrow(/cannot be written: ENOENT/)
  })

  test('is never named in what a refusal says of it', () => {
    const secret = new Token().text
    writeFileSync(file, `${secret}x\n`, { mode: 0o600 })
    expect(() => loadToken(file)).toThrow(expect.not.stringContaining(secret) as string)
  })
})

test('tokens are all different, and match only themselves', () => {
  const [one, other] = [new Token(), new Token()]
  expect(one.matches(one.text)).toBe(true)
  expect(one.matches(other.text)).toBe(false)
  expect(one.matches('')).toBe(false)
})
