/** Parsed JSON of unknown shape; readers below never throw. */
export type Json = Record<string, unknown>

/** The value as an object, or an empty one. */
export const obj = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}

/** The value as a list of objects, or an empty one. */
export const objs = (value: unknown): Json[] => (Array.isArray(value) ? value.map(obj) : [])

/** The value as text, or ''. Numbers count as text, since callers quote ids or not. */
export const str = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
