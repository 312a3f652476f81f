import type { VNode } from 'preact'
import type { Quantity } from '../feed/units.ts'

/** A number with its unit a step back. */
export function Figure({ quantity: { number, unit } }: { readonly quantity: Quantity }): VNode {
  return (
    <span class="figure">
      {number}
      {unit !== '' && <span class="unit">&nbsp;{unit}</span>}
    </span>
  )
}
