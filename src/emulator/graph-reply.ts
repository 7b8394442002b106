import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { errorBody, httpStatusOf, type Problem, problem } from './codes.ts'
import { type Json, obj } from './json.ts'

/** What Meta answers when there is nothing else to say. */
export const success = { success: true }
/** An id nobody has. */
export const unknownId = (id: string): Problem => problem(803, `Some of the aliases you requested do not exist: ${id}`)

/** A Problem as Meta's error answer. */
export function fail(c: Context, wrong: Problem): Response {
  return c.body(errorBody(wrong), httpStatusOf(wrong.code) as ContentfulStatusCode, {
    'content-type': 'application/json',
  })
}

/** The fields a caller asked for, `id` always; unknown ones are left out as Meta does for empty values. */
export function only(object: Json, fields: string | undefined, defaults: string[]): Json {
  const wanted = fields
    ? fields
        .replace(/\{[^}]*\}/g, '')
        .split(',')
        .map((field) => field.trim())
    : defaults
  return Object.fromEntries(Object.entries(object).filter(([key]) => key === 'id' || wanted.includes(key)))
}

/** The request's JSON object, or an empty one. */
export const jsonOf = async (c: Context): Promise<Json> => obj(await c.req.json().catch(() => ({})))
