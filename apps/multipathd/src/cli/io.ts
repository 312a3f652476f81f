/** What of the process the command line uses; a test passes its own. `process` itself fits. */
export interface Io {
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
}
