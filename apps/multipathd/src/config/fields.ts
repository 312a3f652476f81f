import { isIP } from 'node:net'
import { z } from 'zod'
import { parseEndpoint } from '@mp/runtime-node'
import { decodeKey } from '@mp/secure-channel'
import { show } from './fault.ts'
import { faultOfCidr, isLoopback } from './ip.ts'

/** Kinds of values in the config: each says what it expects and what it found instead. */

/** Longest name of a network device, bytes (IFNAMSIZ - 1). */
const DEVICE_NAME_LIMIT = 15

/** What is wrong with a string; undefined when nothing is. */
type Check = (value: string) => string | undefined

type ErrorMap = (issue: { readonly input?: unknown }) => string

/** The message for a value that is missing or of the wrong type. */
export const expecting =
  (expected: string): ErrorMap =>
  ({ input }) =>
    input === undefined ? `missing: expected ${expected}` : `expected ${expected}, found ${show(input)}`

export const flag = (): z.ZodBoolean => z.boolean({ error: expecting('true or false') })

export function integer(min: number, max: number): z.ZodNumber {
  const error = expecting(`a whole number from ${min} to ${max}`)
  return z.int({ error }).min(min, { error }).max(max, { error })
}

/** Least and most Mbit/s that can be asked for: see `PathSettings` of `@mp/tunnel`. */
const MIN_MEGABITS = 0.064
const MAX_MEGABITS = 16_000

export function megabits(): z.ZodNumber {
  const error = expecting(`a number of Mbit/s from ${MIN_MEGABITS} to ${MAX_MEGABITS}`)
  return z.number({ error }).min(MIN_MEGABITS, { error }).max(MAX_MEGABITS, { error })
}

const BYTE_COUNT = /^(\d+(?:\.\d+)?) ?([kMGT]?)(i?)B$/i

/** Bytes with a unit: `"20 GB"`, `"512 MiB"`. */
export function byteCount(): z.ZodType<number, string> {
  const expected = 'a number of bytes with its unit, such as "20 GB"'
  return text(expected, (value) =>
    bytesOf(value) > 0 ? undefined : `expected ${expected}, found ${show(value)}`,
  ).transform(bytesOf)
}

/** 0 for what is no number of bytes. */
function bytesOf(value: string): number {
  const [, count = '0', prefix = '', binary = ''] = BYTE_COUNT.exec(value) ?? []
  const base = binary === '' ? 1000 : 1024
  return Math.round(Number(count) * base ** ' kmgt'.indexOf(prefix.toLowerCase() || ' '))
}

function text(expected: string, check: Check): z.ZodString {
  return z.string({ error: expecting(expected) }).superRefine((value, context) => {
    const message = check(value)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })
}

const ENDPOINT = 'an endpoint such as "192.0.2.7:5000" or "[2001:db8::7]:5000"'

/** Where this machine listens. Port 0 means any free one. */
export const listenEndpoint = (): z.ZodString =>
  text(ENDPOINT, (value) => {
    const endpoint = parseEndpoint(value)
    return 'error' in endpoint ? endpoint.error : undefined
  })

/** Where this machine listens, or `none`. */
export const optionalEndpoint = (): z.ZodString =>
  text(`${ENDPOINT}, or "none"`, (value) => {
    if (value === 'none') return undefined
    const endpoint = parseEndpoint(value)
    return 'error' in endpoint ? endpoint.error : undefined
  })

/** Where this machine listens for itself. */
export const loopbackEndpoint = (): z.ZodString =>
  text('a loopback endpoint such as "127.0.0.1:2132"', (value) => {
    const endpoint = parseEndpoint(value)
    if ('error' in endpoint) return endpoint.error
    return isLoopback(endpoint.host)
      ? undefined
      : `expected a loopback address such as 127.0.0.1 or [::1], found ${show(value)}: others must not reach it`
  })

/** Where another machine listens. */
export const remoteEndpoint = (): z.ZodString =>
  text(ENDPOINT, (value) => {
    const endpoint = parseEndpoint(value)
    if ('error' in endpoint) return endpoint.error
    return endpoint.port === 0
      ? `${show(value)} has port 0: write the port that the server listens on`
      : undefined
  })

/** Another program or machine, by its address: nothing is looked up. */
export const ipEndpoint = (): z.ZodString =>
  text('an endpoint such as "127.0.0.1:51820"', (value) => {
    const endpoint = parseEndpoint(value)
    if ('error' in endpoint) return endpoint.error
    if (isIP(endpoint.host) === 0) return `expected an IP address and a port, found ${show(value)}`
    return endpoint.port === 0
      ? `${show(value)} has port 0: write the port that the program listens on`
      : undefined
  })

const faultOfAddress: Check = (value) =>
  isIP(value) === 0 ? `expected an IP address without prefix length, found ${show(value)}` : undefined

export const address = (): z.ZodString => text('an IP address', faultOfAddress)

/** One address, or a list with one per family. */
export function addresses(): z.ZodType<string[], string | string[]> {
  return z
    .union([z.string(), z.array(z.string({ error: expecting('an IP address') }))], {
      error: expecting('an IP address or a list of IP addresses'),
    })
    .superRefine((value, context) => {
      if (value.length === 0) {
        context.addIssue({ code: 'custom', message: `expected an IP address, found ${show(value)}` })
      }
      for (const [index, each] of [value].flat().entries()) {
        const message = faultOfAddress(each)
        const path = Array.isArray(value) ? [index] : []
        if (message !== undefined && each !== '') context.addIssue({ code: 'custom', message, path })
      }
    })
    .transform((value) => [value].flat())
}

export const network = (): z.ZodString => text('a network such as "10.1.0.0/16"', faultOfCidr)

export const deviceName = (): z.ZodString =>
  text('the name of a network device', (value) => {
    const { length } = Buffer.from(value)
    if (length > DEVICE_NAME_LIMIT) {
      return `a device name has at most ${DEVICE_NAME_LIMIT} characters, ${show(value)} has ${length}`
    }
    const usable = /^[^\s/:%]+$/.test(value) && value !== '.' && value !== '..'
    return usable
      ? undefined
      : `expected a device name without blanks, "/", ":" and "%", found ${show(value)}`
  })

export const userName = (): z.ZodString =>
  text('the name of a user', (value) =>
    /^[a-z_][a-z0-9_.-]{0,31}$/i.test(value)
      ? undefined
      : `expected the name of a user, such as "multipathd", found ${show(value)}`,
  )

/** What nobody calls a file, and what would be shown where a file is missed. */
const LOOKS_LIKE_KEY = /^[A-Za-z0-9+/]{32,}=$/

export const filePath = (): z.ZodString =>
  text('the path of a file', (value) => {
    if (value === '') return 'expected the path of a file, found ""'
    return LOOKS_LIKE_KEY.test(value)
      ? 'expected the path of a file, found what looks like a key: that goes into the key of the config without "File"'
      : undefined
  })

export const socketPath = (): z.ZodString =>
  text('the path of a socket, or "none"', (value) =>
    value === 'none' || value.startsWith('/')
      ? undefined
      : `expected an absolute path such as "/run/multipathd/home.sock", or "none"; found ${show(value)}`,
  )

/** Characters of a key of 32 bytes in base64. */
const KEY_CHARACTERS = 44

/** Says what is wrong with a key and never shows it: a secret one is easily put in the place of a public one. */
export const faultOfKey: Check = (value) => {
  if (decodeKey(value) !== undefined) return undefined
  const found =
    value.length === KEY_CHARACTERS ? 'some that are not base64 of 32 bytes' : String(value.length)
  return `expected a key, ${KEY_CHARACTERS} characters of base64, found ${found}`
}

const keyText = (): z.ZodString => text(`a key, ${KEY_CHARACTERS} characters of base64`, faultOfKey)

export const publicKey = (): z.ZodType<Uint8Array, string> =>
  keyText().transform((value) => decodeKey(value)!)

const REFERENCE = /^\$\{FILE:(.+)\}$/

/** The file that stands for a secret, `${FILE:PATH}`; undefined for what is the secret itself. */
export function referenceIn(value: string): string | undefined {
  return REFERENCE.exec(value)?.[1]
}

/** A key, or the name of a file with one. */
export const secretText = (): z.ZodString =>
  text(`a key, ${KEY_CHARACTERS} characters of base64, or "\${FILE:PATH}"`, (value) => {
    if (referenceIn(value) !== undefined) return undefined
    return value.startsWith('${')
      ? `expected a key or "\${FILE:PATH}", found another word in "\${…}"`
      : faultOfKey(value)
  })

export const label = (): z.ZodString =>
  text('a name', (value) =>
    value.trim() === ''
      ? 'expected a name, found an empty one: leave the key out for the default'
      : undefined,
  )
