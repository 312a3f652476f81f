import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requires } from '@mp/netlab'
import { openBrowser, openPage } from './support/browser.ts'
import { servePage } from './support/page-server.ts'
import { World, homePeer } from './support/world.ts'

const missing = requires(['chromium'])
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Coloured pixels in the left half of the first chart: what was minutes ago. */
const COLOURED_LEFT = `(() => {
  const canvas = document.querySelector('.uplot canvas')
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width / 2, canvas.height)
  let count = 0
  for (let at = 0; at < data.length; at += 4)
    if (data[at + 3] > 0 && Math.max(data[at], data[at + 1], data[at + 2]) - Math.min(data[at], data[at + 1], data[at + 2]) > 60) count++
  return count
})()`

const PHONE = { width: 360, height: 740 }

describe.skipIf(missing.length > 0)('the page in a browser [needs chromium]', () => {
  let browser: Browser
  let world: World
  // On a busy machine a browser takes long to start.
  beforeAll(async () => {
    browser = await openBrowser()
  }, 60_000)
  afterAll(() => browser?.close())
  beforeEach(() => {
    world = new World()
  })

  test('shows figures and the last minutes at once, goes on by itself, asks nobody else and complains of nothing', async () => {
    await using server = await servePage(world)
    const { page, complaints } = await openPage(browser)
    const asked = new Set<string>()
    page.on('request', (request) => asked.add(new URL(request.url()).host))
    await page.goto(server.url)
    await expect
      .poll(() => rowsOf(page))
      .toMatchObject([/dsl/, /lte/, /starlink/].map((name) => expect.stringMatching(name)))
    expect(new URL(page.url()).search).toBe('')
    const [before] = await rowsOf(page)
    await expect.poll(async () => (await rowsOf(page))[0], { timeout: 5000 }).not.toBe(before)
    await expect.poll(() => page.locator('.uplot').count()).toBe(5)
    expect(await page.evaluate(COLOURED_LEFT)).toBeGreaterThan(1000)
    expect([...asked]).toEqual([server.address])
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('tells within a moment of a line that is lost: in the table, in the timeline, and to screen readers', async () => {
    await using server = await servePage(world)
    const { page } = await openPage(browser)
    await page.goto(server.url)
    await page.locator('.events').waitFor({ state: 'attached' })
    world.say('lte: unstable', { path: 'lte', to: 'unstable', level: 'warn' })
    await page.getByText('lte: unstable').first().waitFor()
    world.peers[0]!.lines[1]!.state = 'lost'
    world.say('lte: lost', { path: 'lte', to: 'lost', reason: 'timeouts', level: 'warn' })
    await page.locator('.lines tr', { hasText: 'lte' }).getByText('Lost').waitFor({ timeout: 2000 })
    expect(await page.locator('.events li').first().textContent()).toContain('lte: lost')
    expect(await page.locator('[aria-live]').textContent()).toBe('lte: lost')
    await page.context().close()
  })

  test('shows when new keys came into use, and says nothing aloud', async () => {
    await using server = await servePage(world)
    const { page } = await openPage(browser)
    await page.goto(server.url)
    await page.locator('.lines').waitFor()
    world.say('new keys with server 4kTq9wPz…', { type: 'rekeyed' })
    await expect
      .poll(() => page.locator('.events').textContent(), { timeout: 3000 })
      .toContain('new keys with server')
    expect(await page.locator('[aria-live]').textContent()).not.toContain('new keys')
    await page.context().close()
  })

  test('reconnects to a daemon that was started again, and says what is old until then', async () => {
    const server = await servePage(world)
    const { page } = await openPage(browser)
    await page.goto(server.url)
    await page.locator('.link.live').waitFor()
    await server.close()
    await page.getByText('The daemon does not answer', { exact: true }).waitFor()
    await page.locator('.body.stale').waitFor()
    await using again = await servePage(world, { endpoint: server.address, token: server.token })
    await page.locator('.link.live').waitFor({ timeout: 5000 })
    expect(again.address).toBe(server.address)
    expect(await page.locator('.stale').count()).toBe(0)
    await page.context().close()
  })

  test('says what to do when the daemon has a new token', async () => {
    const server = await servePage(world)
    const { page } = await openPage(browser)
    await page.goto(server.url)
    await page.locator('.link.live').waitFor()
    await server.close()
    await using _ = await servePage(world, { endpoint: server.address })
    await page.getByText('This page needs a new link').waitFor({ timeout: 5000 })
    expect(await page.locator('.notice').textContent()).toContain('multipathd dashboard')
    await page.context().close()
  })

  test('of a server shows one client at a time, chosen by keyboard', async () => {
    world = new World('server')
    world.peers = [homePeer('home'), homePeer('cabin')]
    await using server = await servePage(world)
    const { page } = await openPage(browser)
    await page.goto(server.url)
    await page.getByText('Not here: van, workshop').waitFor()
    const cabin = page.getByRole('button', { name: 'cabin' })
    await cabin.focus()
    await page.keyboard.press('Enter')
    await page.locator('h2', { hasText: 'Lines' }).getByText('of cabin').waitFor()
    expect(await cabin.getAttribute('aria-pressed')).toBe('true')
    await page.context().close()
  })

  test('has something to say when nobody is there', async () => {
    world.peers = []
    await using server = await servePage(world)
    const { page } = await openPage(browser)
    await page.goto(server.url)
    await expect
      .poll(() => page.locator('h2').allTextContents())
      .toEqual(['The server has not answered yet', 'What happened'])
    await page.context().close()
  })

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
    ['dark', 360],
  ] as const)('can be used by everybody: %s, %i px wide', async (colorScheme, width) => {
    world = new World('server')
    world.say('lte: lost', { path: 'lte', peer: 'home', to: 'lost', level: 'warn' })
    world.peers = [homePeer('home'), homePeer('cabin')]
    world.peers[0]!.lines[0]!.state = 'lost'
    world.peers[0]!.lines[1]!.state = 'unstable'
    await using server = await servePage(world)
    const viewport = width === PHONE.width ? PHONE : { width, height: 900 }
    const { page } = await openPage(browser, {
      colorScheme,
      viewport,
      bypassCSP: true,
      reducedMotion: 'reduce',
    })
    await page.goto(server.url)
    await page.locator('.uplot').first().waitFor()
    await page.evaluate(AXE)
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
    )
    expect(violations.map(({ id, nodes }) => ({ id, where: nodes.map(({ html }) => html) }))).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
    await page.context().close()
  })
})

/** What stands in the rows of the table of lines. */
function rowsOf(page: Page): Promise<string[]> {
  return page.locator('.lines tbody tr').allTextContents()
}
