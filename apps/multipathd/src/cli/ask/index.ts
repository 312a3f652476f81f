import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { explain, explanationText } from '../../view/explain/index.ts'
import { peersText } from '../../view/peers-text.ts'
import { statusText } from '../../view/status-text.ts'
import { EXIT } from '../exit-codes.ts'
import { ExitError } from '../explain.ts'
import type { Io } from '../io.ts'
import { addChangeCommands } from './change.ts'
import { printLink } from './dashboard.ts'
import { followEvents } from './events.ts'
import type { EventFlags } from './events.ts'
import { runTop } from './top.ts'
import { runTrace } from './trace.ts'
import { show } from './watch.ts'
import type { View, WatchFlags } from './watch.ts'

/** The commands that ask a running daemon, or have it change. */
export function addAskCommands(program: Command, io: Io, finish: (code: number) => void): void {
  const watchable = (name: string, about: string): Command =>
    program
      .command(name)
      .description(about)
      .option('--json', 'as JSON; with --watch one object a line')
      .option('-w, --watch [seconds]', 'again and again, every second or every so many', seconds)
  watchable('status', 'show how a running daemon and its paths are; rates are Mbit/s')
    .option('--peer <name>', 'this peer only')
    .action((_own, command: Command) => {
      const flags = command.optsWithGlobals<WatchFlags & { readonly peer?: string }>()
      return show(flags, io, statusView(flags.peer))
    })
  watchable('peers', 'list the peers of a running daemon, a line each; rates are Mbit/s').action(
    (_own, command: Command) => show(command.optsWithGlobals(), io, PEERS),
  )
  watchable('explain', 'say in words what each path carries, why not more, and what to do').action(
    (_own, command: Command) => show(command.optsWithGlobals(), io, EXPLANATION),
  )
  program
    .command('events')
    .description('show what happened to a running daemon')
    .option('-n, --limit <number>', 'so many of the last events', wholeNumber, 20)
    .option('-f, --follow', 'and what happens from now on')
    .option('--json', 'as JSON, one object a line')
    .action((_own, command: Command) => followEvents(command.optsWithGlobals<EventFlags>(), io))
  program
    .command('trace')
    .description(
      'print what a running daemon decides, a JSON object a line, or write the packets in the tunnel',
    )
    .option('--pcap <file>', 'write packets as pcapng, for Wireshark; - is the standard output')
    .option('--snap <bytes>', 'of each packet no more than this', snapLength)
    .option('-d, --duration <seconds>', 'end after this time', seconds)
    .action((_own, command: Command) => runTrace(command.optsWithGlobals(), io))
  program
    .command('top')
    .description('watch the paths of a running daemon live; q ends it')
    .action((_own, command: Command) => runTop(command.optsWithGlobals(), io))
  program
    .command('dashboard')
    .description('print a link to the page on which a running daemon shows what each line does')
    .action((_own, command: Command) => printLink(command.optsWithGlobals(), io))
  addChangeCommands(program, io, finish)
}

function statusView(peer: string | undefined): View {
  return {
    lines: (snapshot) => {
      const { peers, absentPeers } = snapshot
      const known = [...peers.map(({ name }) => name), ...absentPeers]
      if (peer !== undefined && !known.includes(peer))
        throw new ExitError(EXIT.usage, `there is no peer "${peer}"; there are ${known.join(', ')}`)
      return statusText(snapshot, peer)
    },
    json: (snapshot) =>
      peer === undefined
        ? snapshot
        : { ...snapshot, peers: snapshot.peers.filter(({ name }) => name === peer) },
  }
}

const PEERS: View = {
  lines: peersText,
  json: ({ peers, absentPeers }) => ({ peers, absentPeers }),
}

const EXPLANATION: View = {
  lines: (snapshot) => explanationText(explain(snapshot)),
  json: explain,
}

function seconds(text: string): number {
  const value = Number(text)
  if (value >= 0.2 && value <= 3600) return value
  throw new InvalidArgumentError('Expected seconds from 0.2 to 3600.')
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0 && value <= 1000) return value
  throw new InvalidArgumentError('Expected a whole number from 0 to 1000.')
}

function snapLength(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 20 && value <= 65_535) return value
  throw new InvalidArgumentError('Expected a whole number of bytes from 20 to 65535.')
}
