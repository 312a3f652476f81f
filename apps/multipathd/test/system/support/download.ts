import { fileURLToPath } from 'node:url'
import type { Namespace } from '@mp/netlab'
import { Download } from '../../../src/demo/download.ts'

export type { Download }

/** Sends and receives, as `pnpm build` left it. */
const TRANSFER = fileURLToPath(new URL('../../../dist/demo/transfer.js', import.meta.url))
/** Where downloads come from. */
const TRANSFER_PORT = 8000
/** Longer than any test; the end of the lab ends a download too. */
const SECONDS = 60

/** Starts a download over TCP that goes on until the lab is gone, and waits until it flows. */
export async function startDownload(
  { from, to }: { readonly from: Namespace; readonly to: Namespace },
  address: string,
): Promise<Download> {
  const port = String(TRANSFER_PORT)
  await from.spawn(process.execPath, [TRANSFER, 'serve', address, port]).waitFor(/ready/)
  const download = new Download(
    to.spawn(process.execPath, [TRANSFER, 'fetch', address, port, String(SECONDS)]),
  )
  await download.begun
  return download
}
