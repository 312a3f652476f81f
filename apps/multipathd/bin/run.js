import { setFlagsFromString } from 'node:v8'

/**
 * Bytes of bytecode that a function runs before the V8 of Node 20 looks whether to compile it, instead of 66 KiB. What handles
 * a packet is short and the same for hours; as it is, V8 takes seconds of traffic until all of it is compiled, and a line that
 * is mostly idle stays slow for so long. Later ones compile sooner by themselves, and do not know the flag.
 */
if (process.versions.v8.startsWith('11.')) setFlagsFromString('--interrupt-budget=4000')

/**
 * Runs the built program. A checkout that was never built has nothing to run: that deserves a better answer than a
 * stack trace of the module loader.
 *
 * @param {string[]} [command] put in front of what the user wrote
 */
export async function run(command = []) {
  let cli
  try {
    cli = await import('../dist/cli/index.js')
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
    process.stderr.write(
      'multipathd: this checkout is not built yet. Run `npm start`, or `pnpm build`, first.\n',
    )
    if (process.env.MP_DEBUG === '1') process.stderr.write(`${error.stack}\n`)
    process.exitCode = 70
    return
  }
  // Who reads what is said may go away: that ends no tunnel, and is worth no stack trace.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  process.exitCode = await cli.main([...command, ...process.argv.slice(2)], process)
}
