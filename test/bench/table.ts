export type Row = { what: string; value: number; unit: string; goal?: string; met?: boolean }

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** The value below which this share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

/** The rows as lines of equal columns. */
export function tableOf(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ what }) => what.length))
  return rows
    .map(({ what, value, unit, goal, met }) => {
      const number = value >= 100 ? value.toFixed(0) : value.toFixed(2)
      const verdict = goal === undefined ? '' : `${goal}  ${met ? 'met' : 'NOT MET'}`
      return `${what.padEnd(width)}  ${number.padStart(8)} ${unit.padEnd(34)} ${verdict}`.trimEnd()
    })
    .join('\n')
}
