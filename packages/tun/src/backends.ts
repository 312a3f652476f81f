import type { TunDevice } from '@mp/interface'
import { loadNativeIo, type NativeIo, NativeIoError, type TunOffloadsInUse } from '@mp/native-io'
import { TunError, tunErrorCode } from './errors.ts'
import type { TunBackend, TunOptions } from './options.ts'
import type { Run } from './run.ts'
import { importTuntap2, openTuntap2 } from './tuntap2.ts'

/** A device of either backend; only one of them has offloads. */
export interface BareDevice extends TunDevice {
  offloads?(): TunOffloadsInUse
}

/** Opens a bare device: with name and MTU, without addresses, not up. */
export type OpenDevice = (options: TunOptions, mtuBytes: number, run: Run) => Promise<BareDevice>

/** Finds the backend asked for, or the best there is. Rejects with `MP_TUN_NO_BACKEND` that says why each does not do. */
export async function findBackend(wish: TunBackend | undefined): Promise<OpenDevice> {
  const reasons: string[] = []
  if (wish !== 'tuntap2') {
    const native = loadNativeIo()
    if (native.io !== undefined) return openNative(native.io)
    reasons.push(`native: ${native.reason}`)
  }
  if (wish !== 'native') {
    const tuntap2 = await importTuntap2()
    if (typeof tuntap2 !== 'string')
      return (options, mtuBytes, run) => openTuntap2(tuntap2, { ...options, mtuBytes }, run)
    reasons.push(`tuntap2: ${tuntap2}`)
  }
  throw new TunError('MP_TUN_NO_BACKEND', `nothing here can open a TUN device. ${reasons.join('. ')}`)
}

function openNative(io: NativeIo): OpenDevice {
  return async ({ pool, name, batchSize, offload, partialChecksums = false }, mtuBytes) => {
    try {
      return io.openTun({
        pool,
        mtuBytes,
        partialChecksums,
        ...(offload !== undefined && { offload }),
        ...(name !== undefined && { name }),
        ...(batchSize !== undefined && { batchSize }),
      })
    } catch (error) {
      if (!(error instanceof NativeIoError)) throw error
      throw new TunError(tunErrorCode(error.code), error.message, { cause: error })
    }
  }
}
