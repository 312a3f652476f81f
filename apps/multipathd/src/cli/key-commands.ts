import { fstatSync } from 'node:fs'
import type { Command } from 'commander'
import { nodeCrypto } from '@mp/runtime-node'
import { Secret, encodeKey } from '@mp/secure-channel'
import { EXIT } from './exit-codes.ts'
import { ExitError } from './explain.ts'
import type { Input, Io, Output } from './io.ts'
import { print } from './print.ts'

const KEY_BYTES = 32
/** More than any key: to stop reading what is none. */
const INPUT_LIMIT_BYTES = 1024
/** All rights of those who are neither the owner nor in the group. */
const RIGHTS_OF_OTHERS = 0o007

/** `genkey`, `pubkey` and `genpsk`, as users of `wg` know them: keys go through standard input and output only. */
export function addKeyCommands(program: Command, { stdin, stdout, stderr }: Io): void {
  const crypto = nodeCrypto()
  const printSecret = (key: Uint8Array): Promise<void> => {
    if (isForAll(stdout)) {
      stderr.write(
        'multipathd: warning: others may read the file that this key goes to: try `umask 077` first\n',
      )
    }
    return print(stdout, `${encodeKey(key)}\n`)
  }
  program
    .command('genkey')
    .description('print a new private key')
    .action(() => printSecret(crypto.generateKeyPair().privateKey))
  program
    .command('genpsk')
    .description('print a new preshared key')
    .action(() => printSecret(crypto.randomBytes(KEY_BYTES)))
  program
    .command('pubkey')
    .description('print the public key that belongs to the private key on standard input')
    .action(async () => {
      const key = Secret.fromBase64((await textOf(stdin)).trim())
      if (key === undefined) {
        throw new ExitError(
          EXIT.faults,
          'standard input holds no key: expected 44 characters of base64 in one line, as `multipathd genkey` prints it',
        )
      }
      await print(stdout, `${encodeKey(crypto.publicKeyOf(key.reveal()))}\n`)
    })
}

function isForAll({ fd }: Output): boolean {
  if (fd === undefined) return false
  const stats = fstatSync(fd)
  return stats.isFile() && (stats.mode & RIGHTS_OF_OTHERS) !== 0
}

async function textOf(input: Input): Promise<string> {
  let text = ''
  for await (const chunk of input) {
    text += chunk.toString('latin1')
    if (text.length > INPUT_LIMIT_BYTES) break
  }
  return text
}
