import type { VNode } from 'preact'

/** The colour of a line in the charts. */
export function Swatch({ id }: { readonly id: number }): VNode {
  return <span class={`swatch line-${id % 8}`} aria-hidden="true" />
}
