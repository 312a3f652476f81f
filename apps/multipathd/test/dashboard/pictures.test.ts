import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requires } from '@mp/netlab'
import { openBrowser, openPage, picture } from './support/browser.ts'
import { servePage } from './support/page-server.ts'
import { World, homePeer } from './support/world.ts'

const missing = requires(['chromium'])

const PHONE = { width: 360, height: 740 }
const DESKTOP = { width: 1280, height: 900 }

describe.skipIf(missing.length > 0)('pictures of the page [needs chromium]', () => {
  let browser: Browser
  // On a busy machine a browser takes long to start.
  beforeAll(async () => {
    browser = await openBrowser()
  }, 60_000)
  afterAll(() => browser?.close())

  test.each([
    ['desktop', 'light', 'client'],
    ['desktop', 'dark', 'server'],
    ['phone', 'light', 'server'],
    ['phone', 'dark', 'client'],
  ] as const)('%s, %s, %s', async (screen, colorScheme, role) => {
    const world = livedThrough(role)
    await using server = await servePage(world)
    const { page } = await openPage(browser, {
      viewport: screen === 'phone' ? PHONE : DESKTOP,
      colorScheme,
    })
    await page.goto(server.url)
    await page.locator('.uplot').first().waitFor()
    await page.waitForTimeout(300)
    expect(await picture(page, `${role}-${screen}-${colorScheme}`)).toBeGreaterThan(20_000)
    await page.context().close()
  })
})

/** A world in which something has happened. */
function livedThrough(role: 'client' | 'server'): World {
  const world = new World(role)
  if (role === 'server') world.peers = [homePeer('home'), homePeer('cabin'), homePeer('boat')]
  const [peer] = world.peers
  const about = { peer: peer!.name }
  world.say(`tunnel established with ${peer!.name}`, { ...about, agoMs: 7_900_000, type: 'established' })
  for (const { name } of peer!.lines)
    world.say(`${name}: normal`, { ...about, path: name, to: 'normal', agoMs: 7_899_000 })
  world.say('lte: unstable', {
    ...about,
    path: 'lte',
    to: 'unstable',
    reason: 'timeouts',
    level: 'warn',
    agoMs: 612_000,
  })
  world.say('lte: lost', {
    ...about,
    path: 'lte',
    to: 'lost',
    reason: 'timeouts',
    level: 'warn',
    agoMs: 611_600,
  })
  world.say('lte: normal', { ...about, path: 'lte', to: 'normal', reason: 'recovered', agoMs: 598_000 })
  world.say('starlink: unstable', {
    ...about,
    path: 'starlink',
    to: 'unstable',
    reason: 'delay',
    level: 'warn',
    agoMs: 41_000,
  })
  const starlink = peer!.lines[2]!
  starlink.state = 'unstable'
  starlink.sinceMs = Date.now() - 41_000
  return world
}
