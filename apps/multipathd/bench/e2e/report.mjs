const NAME_WIDTH = 14

/** Prints a case: a line for each rival, and behind each figure its ratio to that of the second one. */
export function printCase({ name, rivals }) {
  const [, [, standard]] = Object.entries(rivals)
  const figures = Object.keys(standard)
  const heads = figures.map((figure) => figure.padStart(figure.length + 2))
  console.log(`\n${name.padEnd(NAME_WIDTH)}${heads.map((head) => `${head}   ratio`).join('')}`)
  for (const [rival, measured] of Object.entries(rivals)) {
    const cells = figures.map((figure, column) => {
      const value = measured[figure].median
      const ratio = (value / standard[figure].median).toFixed(2)
      return `${digits(value).padStart(heads[column].length)}${ratio.padStart(8)}`
    })
    console.log(`  ${rival.padEnd(NAME_WIDTH - 2)}${cells.join('')}`)
  }
}

const digits = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))
