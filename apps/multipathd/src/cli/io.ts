/** What of the process the command line uses; a test passes its own. `process` itself fits. */
export interface Io {
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  /** Node, the file of the program, and what was written behind it. */
  readonly argv?: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  /** What of the system it writes to. */
  readonly fd?: number
}

export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean }
