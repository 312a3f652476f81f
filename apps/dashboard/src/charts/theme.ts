import { useEffect, useState } from 'preact/hooks'

/** Colours of what is drawn on canvas, as the style sheet has them. */
export interface Theme {
  readonly line: (id: number) => string
  readonly grid: string
  readonly text: string
  readonly font: string
}

function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement)
  const variable = (name: string): string => style.getPropertyValue(name).trim()
  return {
    line: (id) => variable(`--line-${id % 8}`),
    grid: variable('--rule'),
    text: variable('--text-2'),
    font: `11px ${variable('--font')}`,
  }
}

/** The theme now; another one when the system turns dark or light. */
export function useTheme(): Theme {
  const [theme, setTheme] = useState(readTheme)
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const change = (): void => setTheme(readTheme())
    dark.addEventListener('change', change)
    return () => dark.removeEventListener('change', change)
  }, [])
  return theme
}
