type Kept<T> = { at: number; value: Promise<T> }

/**
 * Figures that nobody needs to the second, kept for `ms` by key, so that big towns do not count everybody for every page. Failures are not kept.
 * For a few keys only: nothing is ever thrown away.
 */
export function remembered<T>(ms: number, read: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const kept = new Map<string, Kept<T>>()
  return (key) => {
    const known = kept.get(key)
    if (known && Date.now() - known.at < ms) return known.value
    const value = read(key)
    kept.set(key, { at: Date.now(), value })
    value.catch(() => kept.delete(key))
    return value
  }
}
