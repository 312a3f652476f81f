import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadNativeIo } from '@mp/native-io'
import { createLab, requires } from '@mp/netlab'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** A user that every Linux has. */
const USER = 'nobody'
const NET_ADMIN = 1 << 12
const NET_RAW = 1 << 13

const missing = requires(['root', 'netns'], { native: loadNativeIo().io !== undefined })
const script = fileURLToPath(new URL('fixtures/drop-privileges.mjs', import.meta.url))

interface Thread {
  readonly main: boolean
  /** Every user and group id the thread has, real to file system. */
  readonly ids: string
  readonly groups: string
  /** Inheritable, permitted, effective, ambient. */
  readonly caps: readonly number[]
  readonly NoNewPrivs: string
}

interface Report {
  readonly threads: readonly Thread[]
  readonly child: string
  readonly routes: string
  readonly setUserId: string
  readonly refused: Readonly<Record<string, string>>
}

function addonPath(): string {
  const prebuilds = new URL('../prebuilds/', import.meta.url)
  const target = readdirSync(prebuilds).find((name) => name.startsWith(`${process.platform}-${process.arch}`))
  return fileURLToPath(new URL(`${target}/mp_native_io.node`, prebuilds))
}

const idOf = (flag: string): number => Number(execFileSync('id', [flag, USER], { encoding: 'utf8' }))

describe.skipIf(missing.length > 0)('a process that gives up root [needs root, netns, native]', () => {
  let folder = ''
  /** Prints who it runs as: root, whoever starts it. */
  let idOfRoot = ''
  let plain: Report
  let raw: Report

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mp-privileges-'))
    idOfRoot = join(folder, 'id')
    copyFileSync('/usr/bin/id', idOfRoot)
    chmodSync(idOfRoot, 0o4755)
    chmodSync(folder, 0o755)
    const lab = await createLab()
    try {
      const host = await lab.namespace('host')
      const report = async (keepNetRaw: boolean): Promise<Report> => {
        const args = [script, addonPath(), USER, String(keepNetRaw), idOfRoot]
        return JSON.parse(await host.run(process.execPath, args)) as Report
      }
      plain = await report(false)
      raw = await report(true)
    } finally {
      await lab.dispose()
    }
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('becomes the user in every thread, without supplementary groups', () => {
    // Main thread, worker, pool of libuv, helpers of V8.
    expect(plain.threads.length).toBeGreaterThan(8)
    const ids = [...new Set([idOf('-u'), idOf('-g')])].join()
    expect(plain.threads.map((thread) => [thread.ids, thread.groups])).toEqual(
      plain.threads.map(() => [ids, '']),
    )
  })

  it('keeps CAP_NET_ADMIN in the thread that asked, and nothing in the others', () => {
    const main = plain.threads.filter((thread) => thread.main)
    const others = plain.threads.filter((thread) => !thread.main)
    expect(main.map(({ caps }) => caps)).toEqual([[NET_ADMIN, NET_ADMIN, NET_ADMIN, NET_ADMIN]])
    expect(new Set(others.flatMap(({ caps }) => caps))).toEqual(new Set([0]))
  })

  it('keeps CAP_NET_RAW as well when asked to, for itself alone', () => {
    const both = NET_ADMIN | NET_RAW
    const main = raw.threads.find((thread) => thread.main)
    expect(main?.caps).toEqual([NET_ADMIN, both, both, NET_ADMIN])
  })

  it('can still run `ip`, with that one capability', () => {
    expect(raw.child).toBe(`CapEff:\t${NET_ADMIN.toString(16).padStart(16, '0')}`)
    expect(raw.routes).not.toContain('10.77.0.0/16')
  })

  it('gets nothing back from a set-user-ID program, in whatever thread', () => {
    const options = { uid: idOf('-u'), encoding: 'utf8' } as const
    expect(execFileSync(idOfRoot, ['-u'], options)).toBe('0\n')
    expect(plain.setUserId).not.toBe('0')
    expect(plain.threads.map(({ NoNewPrivs }) => NoNewPrivs)).toEqual(plain.threads.map(() => '1'))
  })

  it('may no longer become root, nor read what only root may', () => {
    expect(plain.refused).toEqual({
      setuid: 'EPERM',
      setgid: 'EPERM',
      read: 'EACCES',
      inPool: 'EACCES',
      inWorker: 'EACCES',
    })
  })
})

describe.skipIf(missing.length > 0)('giving up root [needs root, netns, native]', () => {
  it('is refused to whoever has none', () => {
    const program = `require(${JSON.stringify(addonPath())}).dropPrivileges('${USER}', false)`
    const attempt = `try { ${program} } catch (error) { error.syscall }`
    const options = { uid: idOf('-u'), encoding: 'utf8' } as const
    expect(execFileSync(process.execPath, ['-p', attempt], options)).toBe('setgroups\n')
  })

  it('needs a user that is there and is not root', () => {
    expect(() => loadNativeIo().io?.dropPrivileges({ user: 'no-such-user' })).toThrow(
      expect.objectContaining({
        code: 'ENOENT',
        message: expect.stringMatching(
          /^cannot become user "no-such-user": there is no such user: .*useradd/,
        ),
      }),
    )
    expect(() => loadNativeIo().io?.dropPrivileges({ user: 'root' })).toThrow(
      expect.objectContaining({ code: 'EINVAL', message: expect.stringContaining('that is root itself') }),
    )
    expect(process.getuid?.()).toBe(0)
  })
})
