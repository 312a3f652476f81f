export const base64Of = (key: Uint8Array): string => Buffer.from(key).toString('base64')

/** A key as it stands in a key file. */
export const lineOf = (key: Uint8Array): string => `${base64Of(key)}\n`
