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
