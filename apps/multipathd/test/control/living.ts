import { parseConfig } from '../../src/config/index.ts'
import type { Config } from '../../src/config/index.ts'
import type { ControlContext } from '../../src/control/command.ts'
import { EventLog } from '../../src/daemon/event-log.ts'
import { FileReloader } from '../../src/daemon/reload-file.ts'
import type { Reread } from '../../src/daemon/reload-file.ts'
import { Reloader } from '../../src/daemon/reload.ts'
import { client } from '../config/samples.ts'

const log = { info: () => {}, warn: () => {}, error: () => {} }

/** What can change of a daemon with the path `path1`; `read` makes what its file holds of the config it started with. */
export function testLiving(
  read: (started: Config) => ReturnType<Reread> = (config) => ({ config }),
): ControlContext['living'] {
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
  return {
    files: new FileReloader(() => read(config), new Reloader(config, parts), outlets),
  } as ControlContext['living']
}
