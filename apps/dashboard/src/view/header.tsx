import type { VNode } from 'preact'
import type { LinkState } from '../feed/connect.ts'
import type { Snapshot } from '../feed/types.ts'
import { duration } from '../feed/units.ts'

interface Props {
  readonly link: LinkState
  readonly snapshot: Snapshot | undefined
}

const LINK_TEXT: Readonly<Record<LinkState, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  refused: 'Signed out',
}

/** Whose page it is, and whether what it shows is true now. */
export function Header({ link, snapshot }: Props): VNode {
  return (
    <header class="top">
      <h1>
        <span class="brand">multipathd</span>
        {snapshot !== undefined && <span class="device">{snapshot.daemon.name}</span>}
      </h1>
      {snapshot !== undefined && <Facts snapshot={snapshot} />}
      <p class={`link ${link}`} role="status">
        <span class="dot" aria-hidden="true" />
        {LINK_TEXT[link]}
      </p>
    </header>
  )
}

function Facts({ snapshot: { daemon } }: { readonly snapshot: Snapshot }): VNode {
  const facts = [
    ['Role', daemon.role],
    ['Up for', duration(daemon.uptimeMs)],
    ['Sharing', daemon.scheduling === 'adaptive' ? 'adaptive' : 'by weight'],
    ['Encryption', daemon.encryption === null ? 'none' : daemon.encryption.split(' ', 1)[0]!],
    ['Version', daemon.version],
  ] as const
  return (
    <dl class="facts">
      {facts.map(([term, fact]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd class={fact === 'none' ? 'warn' : undefined}>{fact}</dd>
        </div>
      ))}
    </dl>
  )
}
