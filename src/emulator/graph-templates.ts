import type { Hono } from 'hono'
import { fail, jsonOf, only, success, unknownId } from './graph-reply.ts'
import {
  deleteTemplates,
  editTemplate,
  submitTemplate,
  templateById,
  templateJson,
  templatesOf,
} from './template-desk.ts'
import type { World } from './world.ts'

/** Submitting, listing, editing and deleting templates. */
export function templateRoutes(graph: Hono, world: World): void {
  const known = (id: string): boolean => world.state.accounts.some((account) => account.businessAccountId === id)
  graph.get('/:id/message_templates', (c) => {
    const id = c.req.param('id')
    if (!known(id)) return fail(c, unknownId(id))
    const { name, status, language, category, fields, after } = c.req.query()
    const found = templatesOf(world, id)
      .filter((t) => !name || t.name === name)
      .filter((t) => !status || t.status === status.toUpperCase())
      .filter((t) => !language || t.language === language)
      .filter((t) => !category || t.category === category.toUpperCase())
    const limit = Math.max(1, Math.min(1000, Number(c.req.query('limit')) || 25))
    const start = after ? Number(Buffer.from(after, 'base64url').toString()) || 0 : 0
    const end = start + limit
    const cursor = (at: number): string => Buffer.from(String(at)).toString('base64url')
    const next = new URL(c.req.url)
    next.searchParams.set('after', cursor(end))
    return c.json({
      data: found
        .slice(start, end)
        .map((template) => only(templateJson(template), fields, Object.keys(templateJson(template)))),
      ...(found.length === 0
        ? {}
        : {
            paging: {
              cursors: { before: cursor(start), after: cursor(end) },
              ...(end < found.length ? { next: next.href } : {}),
            },
          }),
    })
  })
  graph.post('/:id/message_templates', async (c) => {
    const id = c.req.param('id')
    if (!known(id)) return fail(c, unknownId(id))
    const made = submitTemplate(world, id, await jsonOf(c))
    return 'code' in made ? fail(c, made) : c.json({ id: made.id, status: made.status, category: made.category })
  })
  graph.delete('/:id/message_templates', (c) => {
    const { name = '', hsm_id, hsm_ids } = c.req.query()
    const ids = hsm_id ? [hsm_id] : (hsm_ids?.match(/\d+/g) ?? [])
    const wrong = deleteTemplates(world, c.req.param('id'), name, ids)
    return wrong ? fail(c, wrong) : c.json(success)
  })
  graph.post('/:id/unpause', (c) => {
    const template = templateById(world, c.req.param('id'))
    if (!template) return fail(c, unknownId(c.req.param('id')))
    template.status = 'APPROVED'
    return c.json(success)
  })
  graph.post('/:id', async (c) => {
    const template = templateById(world, c.req.param('id'))
    if (!template) return fail(c, unknownId(c.req.param('id')))
    const wrong = editTemplate(world, template, await jsonOf(c))
    return wrong ? fail(c, wrong) : c.json(success)
  })
}
