import type { Draft, Report } from './checks.ts'

/** What of `security` is well-formed in itself. */
export interface DraftSecurity extends PresharedForms {
  readonly privateKey?: string
  readonly privateKeyFile?: string
  readonly serverPublicKey?: string
}

/** The two ways to give a preshared key. */
export interface PresharedForms {
  readonly presharedKey?: string
  readonly presharedKeyFile?: string
}

/** Whether there are keys, and those that the role needs. */
export function checkSecurity(
  { security }: Draft,
  { asServer, insecure }: { readonly asServer: boolean; readonly insecure: boolean },
  report: Report,
): void {
  if (security === undefined) {
    if (insecure) return
    report(
      ['security'],
      'missing: make keys and both configs with `multipathd init`, or a key with `multipathd genkey` for ' +
        '{ "privateKeyFile": "FILE" }; "none" runs without encryption, open to anyone',
    )
  } else if (security !== 'none') {
    if (insecure) {
      report(['security'], 'the file has keys, the command line says --insecure: drop one of them')
    }
    checkPrivateKey(security, report)
    if (asServer) checkServerKeys(security, report)
    else checkClientKeys(security, report)
  }
}

function checkPrivateKey({ privateKey, privateKeyFile }: DraftSecurity, report: Report): void {
  if (privateKey === undefined && privateKeyFile === undefined) {
    report(
      ['security'],
      'expected "privateKeyFile", found no private key: `(umask 077; multipathd genkey > FILE)` makes one',
    )
  } else if (privateKey !== undefined && privateKeyFile !== undefined) {
    report(['security', 'privateKey'], 'stands beside privateKeyFile: keep one of them')
  }
}

function checkClientKeys(security: DraftSecurity, report: Report): void {
  checkPresharedForms(security, ['security'], report)
  if (security.serverPublicKey !== undefined) return
  report(
    ['security', 'serverPublicKey'],
    'missing: a client needs it; `multipathd pubkey < server.key` prints it on the server',
  )
}

function checkServerKeys(security: DraftSecurity, report: Report): void {
  if (security.serverPublicKey !== undefined) {
    report(['security', 'serverPublicKey'], 'is for clients: a server has its private key, take this out')
  }
  for (const key of ['presharedKey', 'presharedKeyFile'] as const) {
    if (security[key] === undefined) continue
    report(['security', key], 'is for clients: a server has one for each client, so put it into server.peers')
  }
}

/** A preshared key stands in the config or in a file, not both. */
export function checkPresharedForms(
  { presharedKey, presharedKeyFile }: PresharedForms,
  holder: readonly PropertyKey[],
  report: Report,
): void {
  if (presharedKey === undefined || presharedKeyFile === undefined) return
  report([...holder, 'presharedKey'], 'stands beside presharedKeyFile: keep one of them')
}
