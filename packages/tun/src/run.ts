import { execFile } from 'node:child_process'
import { TunError } from './errors.ts'
import type { Command } from './steps.ts'

/** Runs a command. @returns what it said when it failed, else undefined. */
export type Run = (command: Command) => Promise<string | undefined>

/** Runs a command of the system. Rejects with `MP_TUN_FAILED` when the program is not installed. */
export const runCommand: Run = ([program, ...args]) =>
  new Promise((resolve, reject) => {
    execFile(program, args, { env: { ...process.env, LC_ALL: 'C' } }, (error, stdout, stderr) => {
      if (error === null) resolve(undefined)
      else if (error.code !== 'ENOENT') resolve((stderr || stdout || error.message).trim())
      else {
        const advice = program === 'ip' ? ': install iproute2' : ''
        reject(
          new TunError(
            'MP_TUN_FAILED',
            `\`${program}\` is needed to set up a TUN device and was not found${advice}`,
          ),
        )
      }
    })
  })
