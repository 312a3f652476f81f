import { Readable } from 'node:stream'
import { main } from '../../src/cli/index.ts'
import type { Config } from '../../src/config/index.ts'

export interface Outcome {
  readonly exit: number
  readonly out: string
  readonly err: string
  /** The config the daemon was started with. */
  readonly config: Config | undefined
  /** How the demo was asked to run. */
  readonly simulate: boolean | undefined
}

interface Surroundings {
  readonly ends?: number | Error
  readonly env?: Record<string, string>
  readonly input?: string
  readonly tty?: boolean
  /** The file the program is run by. */
  readonly file?: string
  /** Gets what the program says, too, as it says it. */
  readonly onOutput?: (chunk: string) => void
}

/** Runs a command line with `input` on standard input, a person's when `tty`; the daemon ends with `ends`, a code or an error. */
export async function run(
  argv: readonly string[],
  { ends = 0, env = {}, input = '', tty = false, file = '/usr/bin/multipathd', onOutput }: Surroundings = {},
): Promise<Outcome> {
  const text = { out: '', err: '' }
  let config: Config | undefined
  let simulate: boolean | undefined
  const end = async (): Promise<number> => {
    if (ends instanceof Error) throw ends
    return ends
  }
  const exit = await main(
    argv,
    {
      stdin: Object.assign(Readable.from([Buffer.from(input)]), { isTTY: tty }),
      stdout: {
        write: (chunk: string, onDone?: () => void) => {
          text.out += chunk
          onOutput?.(chunk)
          onDone?.()
        },
      },
      stderr: { write: (chunk: string) => (text.err += chunk) },
      env,
      argv: ['/usr/bin/node', file, ...argv],
    },
    {
      daemon: (given) => {
        config = given
        return end()
      },
      demo: (options) => {
        simulate = options.simulate
        return end()
      },
    },
  )
  return { exit, config, simulate, ...text }
}
