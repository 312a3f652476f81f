// Puts the page that the daemon serves beside what the compiler made.
import { cpSync, rmSync } from 'node:fs'

const page = new URL('dist/page/', import.meta.url)
rmSync(page, { recursive: true, force: true })
cpSync(new URL('../dashboard/dist/', import.meta.url), page, { recursive: true })
