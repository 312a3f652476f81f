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
  /** `onDone` is told when the system has all of it, or has refused some. */
  write(text: string, onDone?: (error?: Error | null) => void): unknown
  readonly isTTY?: boolean
  /** What of the system it writes to. */
  readonly fd?: number
  /** The size of a terminal, and who wants to know when it changes. */
  readonly columns?: number
  readonly rows?: number
  on?(event: 'resize', listener: () => void): unknown
  off?(event: 'resize', listener: () => void): unknown
}

export type Input = NodeJS.ReadableStream & {
  readonly isTTY?: boolean
  /** Keys come as they are pressed, and are not shown. */
  setRawMode?(isRaw: boolean): unknown
}
