import { parseConfig } from '../../src/config/index.ts'
import type { Config } from '../../src/config/index.ts'
import type { Check, Finding, Patient } from '../../src/doctor/finding.ts'

interface Machine {
  readonly sysctls?: Readonly<Record<string, string>>
  readonly programs?: readonly string[]
  readonly capabilities?: bigint
  readonly wallMs?: number
  readonly socketPath?: string
}

function configOf(value: object): Config {
  const result = parseConfig(JSON.stringify(value))
  if ('faults' in result) throw new Error(JSON.stringify(result.faults))
  return result.config as Config
}

/** A machine that has what is said, and nothing else. */
export async function look(check: Check, value: object, machine: Machine = {}): Promise<readonly Finding[]> {
  const {
    sysctls = {},
    programs: installed = ['ip', 'nft'],
    capabilities = -1n,
    wallMs = Date.now(),
    socketPath,
  } = machine
  const patient: Patient = {
    config: configOf(value),
    capabilities,
    wallMs,
    socketPath,
    host: {
      run: (program) => {
        if (!installed.includes(program))
          return Promise.reject(new Error(`\`${program}\` was not found: install it`))
        return Promise.resolve({ isOk: true, stdout: '', stderr: '' })
      },
      sysctl: (name) => sysctls[name],
      setSysctl: () => {},
    },
  }
  return check(patient)
}
