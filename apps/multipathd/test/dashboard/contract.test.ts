import { gzipSync } from 'node:zlib'
import { expect, expectTypeOf, test } from 'vitest'
import type {
  LoggedEvent as ShownEvent,
  Moment as ShownMoment,
  Snapshot as ShownSnapshot,
} from '../../../dashboard/src/feed/types.ts'
import { loadAssets } from '../../src/dashboard/assets.ts'
import type { LoggedEvent } from '../../src/daemon/event-log.ts'
import type { Moment } from '../../src/daemon/recorder.ts'
import type { Snapshot } from '../../src/daemon/snapshot.ts'

/** Most that the whole page may weigh on its way, bytes. */
const MAX_PAGE_BYTES = 120_000

test('the daemon says all that the page reads', () => {
  expectTypeOf<Snapshot>().toExtend<ShownSnapshot>()
  expectTypeOf<Moment>().toExtend<ShownMoment>()
  expectTypeOf<LoggedEvent>().toExtend<ShownEvent>()
})

test('the page is small, whole, and asks for nothing from elsewhere', () => {
  const assets = loadAssets()
  const packed = [...assets.values()].reduce((sum, { body }) => sum + gzipSync(body).length, 0)
  expect(packed).toBeGreaterThan(10_000)
  expect(packed).toBeLessThan(MAX_PAGE_BYTES)
  const sources = [...assets.values()]
    .filter(({ type }) => /html|css/.test(type))
    .map(({ body }) => body.toString())
  expect(sources).toHaveLength(2)
  for (const text of sources) {
    expect(text).not.toMatch(/(?:src|href)="(?!\/)|url\((?!data:|#)|@import|<style|style="|<script>/)
  }
  expect([...assets.keys()]).toContain('/')
})
