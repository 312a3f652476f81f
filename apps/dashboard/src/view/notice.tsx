import type { VNode } from 'preact'
import type { LinkState } from '../feed/connect.ts'
import type { Snapshot } from '../feed/types.ts'

interface Props {
  readonly link: LinkState
  readonly snapshot: Snapshot | undefined
}

/** What there is to say when there is nothing to show, or when it is old. */
export function Notice({ link, snapshot }: Props): VNode | null {
  if (link === 'refused') {
    return (
      <section class="notice bad">
        <h2>This page needs a new link</h2>
        <p>
          The daemon was started again and has a new token. Run <code>multipathd dashboard</code> and open the
          address it prints. With <code>dashboard.tokenFile</code> in the config the token stays the same.
        </p>
      </section>
    )
  }
  if (link === 'reconnecting') {
    return (
      <section class="notice">
        <h2>The daemon does not answer</h2>
        <p>
          Trying again each second.{' '}
          {snapshot === undefined ? '' : 'Until then, what is below is how it was last.'}
        </p>
      </section>
    )
  }
  if (snapshot === undefined) return <p class="loading">Waiting for the first figures…</p>
  if (snapshot.peers.length > 0) return null
  const isServer = snapshot.daemon.role === 'server'
  return (
    <section class="notice">
      <h2>{isServer ? 'No client is here' : 'The server has not answered yet'}</h2>
      <p>
        {isServer
          ? 'Lines show up as soon as a client has joined.'
          : 'Check that it runs, its port and firewalls, and the keys of both sides.'}
      </p>
    </section>
  )
}
