import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Namespace } from '@mp/netlab'
import { openBrowser, openPage, picture } from '../dashboard/support/browser.ts'
import { MULTIPATHD } from './support/daemon.ts'
import { needs } from './support/needs.ts'
import { INSIDE, createStage } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs('chromium')

/** A cut has to be seen so soon, ms. */
const SEEN_WITHIN_MS = 2000

describe.skipIf(missing)(`the page of a daemon ${text}`, () => {
  let stage: Stage
  let browser: Browser
  beforeEach(async () => {
    stage = await createStage({ secure: true, rateMbit: 20 })
    browser = await openBrowser(await browserIn(stage.client, stage.folder))
  })
  afterEach(async () => {
    await browser.close()
    await stage.dispose()
  })

  test('shows traffic, a line that is cut, and the daemon after a restart', async () => {
    await stage.startServer()
    const dashboard = { tokenFile: join(stage.folder, 'token') }
    const client = await stage.startClient({ dashboard })
    stage.client.spawn('ping', ['-i', '0.005', '-s', '1200', '-q', INSIDE.server[0]])
    const { page, complaints } = await openPage(browser)
    const url = await linkTo(stage)
    await page.goto(url)
    for (const path of ['path1', 'path2']) await row(page, path).getByText('Up', { exact: true }).waitFor()
    await expect.poll(() => page.locator('.sum').first().textContent(), { timeout: 5000 }).toMatch(/[kM]bit/)
    expect(complaints).toEqual([])

    await stage.links[0]!.cut()
    await row(page, 'path1')
      .getByText(/Unstable|Lost|Silent/)
      .first()
      .waitFor({ timeout: SEEN_WITHIN_MS })
    await page.locator('.events').getByText('path1: lost').waitFor()
    await row(page, 'path1').getByText('Lost').waitFor()
    await stage.links[0]!.restore()
    await row(page, 'path1').getByText('Up', { exact: true }).waitFor({ timeout: 15_000 })
    await picture(page, 'real-daemon')

    await client.end()
    await page.getByText('The daemon does not answer', { exact: true }).waitFor()
    const again = await stage.startClient({ dashboard })
    await page.locator('.link.live').waitFor({ timeout: 5000 })
    await row(page, 'path2').getByText('Up', { exact: true }).waitFor()
    expect(complaints.filter((complaint) => !complaint.includes('ERR_CONNECTION_REFUSED'))).toEqual([])

    const token = new URL(url).searchParams.get('token')!
    expect(await linkTo(stage)).toBe(url)
    for (const daemon of [client, again]) expect(daemon.output()).not.toContain(token)
  })

  test('is served when somebody asks for it, and not before', async () => {
    await stage.startServer()
    await stage.startClient()
    const listening = (): Promise<string> => stage.client.run('ss', ['-Hltn', 'sport', '=', ':2132'])
    expect(await listening()).toBe('')
    const { page } = await openPage(browser)
    await page.goto(await linkTo(stage))
    await row(page, 'path1').getByText('Up', { exact: true }).waitFor()
    expect(await listening()).toContain('127.0.0.1:2132')
  })
})

const row = (page: Page, path: string) => page.locator('.lines tbody tr', { hasText: path })

async function linkTo({ client, folder }: Stage): Promise<string> {
  const args = [MULTIPATHD, 'dashboard', '--socket', join(folder, 'client.sock')]
  return (await client.run(process.execPath, args)).trim()
}

/** A program that is Chromium inside a namespace, where the loopback of the daemon is. */
async function browserIn({ netns }: Namespace, folder: string): Promise<string> {
  const file = join(folder, 'chromium')
  await writeFile(file, `#!/bin/sh\nexec ip netns exec ${netns} /usr/bin/chromium "$@"\n`)
  await chmod(file, 0o755)
  return file
}
