import { z } from '@hono/zod-openapi'
import { Refusal } from '../refusal.ts'

/** The query of every list. */
export const Paging = z.object({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(200)
    .default(50)
    .openapi({ type: 'integer', minimum: 1, maximum: 200, default: 50 }),
  cursor: z.string().max(1000).optional().openapi({ description: '`nextCursor` of the page before' }),
})

/** One page of a list; `nextCursor` is null at its end. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() })

/** A cursor holds where the next page begins; to its user it is opaque. */
export const toCursor = (position: unknown): string => Buffer.from(JSON.stringify(position)).toString('base64url')

/** The position a cursor holds, checked; undefined without a cursor. Refuses with `invalid-input` what we did not make. */
export function fromCursor<T extends z.ZodType>(position: T, cursor: string | undefined): z.output<T> | undefined {
  if (cursor === undefined || cursor === '') return undefined
  try {
    const result = position.safeParse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
    if (result.success) return result.data
  } catch {} // no JSON
  throw new Refusal('invalid-input', [{ field: 'cursor', message: 'Diese Angabe stammt nicht aus nextCursor.' }])
}
