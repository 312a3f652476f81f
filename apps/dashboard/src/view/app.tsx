import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import type { State } from '../feed/store.ts'
import type { Peer, Snapshot } from '../feed/types.ts'
import { Announcer } from './announcer.tsx'
import { ChartGrid } from './chart-grid.tsx'
import { Header } from './header.tsx'
import { JoinedPanel } from './joined-panel.tsx'
import { LineTable } from './line-table.tsx'
import { Notice } from './notice.tsx'
import { PeerTable } from './peer-table.tsx'
import { Timeline } from './timeline.tsx'
import { wordsFor } from './words.ts'

/** The whole page. */
export function App({ state }: { readonly state: State }): VNode {
  const { link, snapshot, events } = state
  return (
    <>
      <Header link={link} snapshot={snapshot} />
      <main aria-busy={snapshot === undefined}>
        <Notice link={link} snapshot={snapshot} />
        {snapshot !== undefined && <Body state={state} snapshot={snapshot} />}
      </main>
      <Announcer events={events} link={link} />
    </>
  )
}

function Body({
  state: { history, events, link },
  snapshot,
}: {
  readonly state: State
  readonly snapshot: Snapshot
}): VNode {
  const [chosen, choose] = useState<string>()
  const peer = shown(snapshot.peers, chosen)
  const isServer = snapshot.daemon.role === 'server'
  const words = wordsFor(snapshot.daemon.role)
  return (
    <div class={link === 'live' ? 'body' : 'body stale'}>
      {isServer && <PeerTable snapshot={snapshot} chosen={peer?.name} onChoose={choose} />}
      {peer !== undefined && (
        <>
          <JoinedPanel peer={peer} words={words} />
          <LineTable peer={peer} words={words} of={isServer ? peer.name : undefined} />
          <ChartGrid
            words={words}
            history={history.of(peer.name)}
            seconds={Date.parse(snapshot.takenAt) / 1000}
          />
        </>
      )}
      <Timeline events={events} withPeers={isServer} />
    </div>
  )
}

/** The peer that was chosen, else the one that carries most. */
function shown(peers: readonly Peer[], chosen: string | undefined): Peer | undefined {
  return peers.find(({ name }) => name === chosen) ?? peers.toSorted((a, b) => load(b) - load(a))[0]
}

const load = ({ rxBps, txBps }: Peer): number => (rxBps ?? 0) + (txBps ?? 0)
