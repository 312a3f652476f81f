import { parseConfig } from '../../src/config/index.ts'
import type { Config } from '../../src/config/index.ts'
import type { ControlContext } from '../../src/control/command.ts'
import { EventLog } from '../../src/daemon/event-log.ts'
import { FileReloader } from '../../src/daemon/reload-file.ts'
import { Reloader } from '../../src/daemon/reload.ts'
import { client } from '../config/samples.ts'

const log = { info: () => {}, warn: () => {}, error: () => {} }

/** What can change of a daemon, with the path `path1`, whose file holds the config it started with but for `changes`. */
export function testLiving(changes: Partial<Config> = {}): ControlContext['living'] {
  const parsed = parseConfig(JSON.stringify(client))
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults))
  const config = parsed.config as Config
  const parts = {
    tunnel: { change: () => {} },
    route: async () => [],
    network: { follow: async () => {} },
    meters: { follow: () => {} },
    log: { setLevel: () => {} },
  }
  const outlets = { log, events: new EventLog(() => 0) }
  const reread = () => ({ config: { ...config, ...changes } })
  return { files: new FileReloader(reread, new Reloader(config, parts), outlets) } as ControlContext['living']
}
