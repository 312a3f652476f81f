import type { Command } from 'commander'
import { socketPathOf } from '../control/index.ts'
import type { Finding } from '../doctor/index.ts'
import type { DaemonFlags } from './ask/daemon.ts'
import { EXIT } from './exit-codes.ts'
import type { Io } from './io.ts'
import { requireConfig } from './load.ts'
import { print } from './print.ts'

/** Adds `doctor`. */
export function addDoctorCommand(program: Command, io: Io, finish: (code: number) => void): void {
  program
    .command('doctor <file>')
    .description('look whether a tunnel with this config can work here, and say how to mend what is wrong')
    .option('--json', 'as JSON')
    .option('--offline', 'look at this machine only, do not ask the server')
    .action(
      async (file: string, { json = false, offline = false }: { json?: boolean; offline?: boolean }) => {
        const { socket, insecure } = program.opts<DaemonFlags>()
        const config = requireConfig(file, { insecure })
        const { examine } = await import('../doctor/index.ts')
        const socketPath = socket ?? socketPathOf(config, io.env)
        const findings = await examine(config, { asksServer: !offline, socketPath })
        await print(io.stdout, json ? `${JSON.stringify(findings, undefined, 2)}\n` : report(findings))
        finish(findings.some(({ level }) => level === 'fault') ? EXIT.faults : EXIT.ok)
      },
    )
}

const MARKS: Readonly<Record<Finding['level'], string>> = { ok: 'ok   ', warning: 'warn ', fault: 'FAULT' }

/** A line for each finding, its advice below it, and how it stands in all. */
export function report(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ about }) => about.length))
  const text = findings.map(({ level, about, found, advice }) => {
    const line = `${MARKS[level]}  ${about.padEnd(width)}  ${found}`
    return advice === undefined ? line : `${line}\n         ${' '.repeat(width)}-> ${advice}`
  })
  const count = (level: Finding['level']): number => findings.filter((each) => each.level === level).length
  const [faults, warnings] = [count('fault'), count('warning')]
  const verdict = faults > 0 ? 'It will not work like this' : 'It can work'
  return `${text.join('\n')}\n\n${verdict}: ${plural(faults, 'fault')}, ${plural(warnings, 'warning')}.\n`
}

const plural = (count: number, word: string): string => (count === 1 ? `1 ${word}` : `${count} ${word}s`)
