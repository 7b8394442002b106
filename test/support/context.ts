declare module 'vitest' {
  interface ProvidedContext {
    /** Where tests may create databases. */
    adminUrl: string
    /** Name of the migrated database that `freshDatabase` clones. */
    template: string
  }
}

/** The same server, another database. */
export function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}
