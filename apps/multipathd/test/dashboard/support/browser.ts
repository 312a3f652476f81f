import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

/** Chromium neither asks for anything of its own nor needs a sandbox: it runs as root, and opens our page only. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Pictures of the page, for people; nothing compares them. */
const PICTURES = fileURLToPath(new URL('../../../../../.artifacts/dashboard/', import.meta.url))

export function openBrowser(executablePath = '/usr/bin/chromium'): Promise<Browser> {
  return chromium.launch({ executablePath, args: ARGS })
}

/** A page and all it complained of. */
export interface Watched {
  readonly page: Page
  /** Errors and warnings of the console, exceptions, requests that failed or went elsewhere. */
  readonly complaints: readonly string[]
}

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  return { page, complaints }
}

/** Takes one of the whole page; answers its size, bytes. */
export async function picture(page: Page, name: string): Promise<number> {
  mkdirSync(PICTURES, { recursive: true })
  const image = await page.screenshot({ path: `${PICTURES}${name}.png`, fullPage: true })
  return image.length
}

/** What runs in the page before all else. */
const TELL_PAST = `
const add = EventSource.prototype.addEventListener
EventSource.prototype.addEventListener = function (type, listener) {
  add.call(this, type, listener)
  if (type !== 'snapshot') return
  for (const data of past.splice(0)) listener(new MessageEvent(type, { data }))
}`

/** Has the page believe that it was open for some time: it is told these snapshots before any other. */
export async function tellPast(page: Page, snapshots: readonly object[]): Promise<void> {
  const past = JSON.stringify(snapshots.map((snapshot) => JSON.stringify(snapshot)))
  await page.addInitScript({ content: `{ const past = ${past}\n${TELL_PAST} }` })
}
