import { type Context, Hono } from 'hono'
import { type Problem, problem } from './codes.ts'
import { mediaJson, mediaRoutes } from './graph-media.ts'
import { fail, jsonOf, only, success, unknownId } from './graph-reply.ts'
import { templateRoutes } from './graph-templates.ts'
import { type Json, str } from './json.ts'
import { checkToken } from './messages.ts'
import type { Account } from './state.ts'
import { templateById, templateJson } from './template-desk.ts'
import type { World } from './world.ts'

/** Meta's Graph API but for /messages, which is answered before Hono. Any version prefix is accepted. */
export function graphRoutes(world: World): Hono {
  const { state } = world
  const app = new Hono()
  const graph = new Hono()
  graph.use('*', async (c, next) => {
    const id = decodeURIComponent(c.req.path.split('/')[2] ?? '')
    const wrong = checkAccess(world, uploadAccess(id, c.req.header('authorization')), id)
    return wrong ? fail(c, wrong) : next()
  })
  numberRoutes(graph, world)
  // Before templates, whose edit takes any id.
  mediaRoutes(graph, app, world)
  templateRoutes(graph, world)
  graph.get('/:id', (c) => {
    const id = c.req.param('id')
    const account = state.accountBy(id)
    if (account)
      return c.json(
        only(numberJson(account), c.req.query('fields'), ['verified_name', 'display_phone_number', 'quality_rating']),
      )
    const template = templateById(world, id)
    if (template)
      return c.json(only(templateJson(template), c.req.query('fields'), Object.keys(templateJson(template))))
    const file = state.media.get(id)
    if (file) return c.json(mediaJson(world, file))
    const owner = state.accounts.find((each) => each.businessAccountId === id)
    if (!owner) return fail(c, unknownId(id))
    const health_status = {
      can_send_message: owner.health,
      entities: [{ entity_type: 'WABA', id, can_send_message: owner.health }],
    }
    return c.json(
      only({ id, name: owner.name, currency: 'EUR', timezone_id: '42', health_status }, c.req.query('fields'), [
        'name',
        'currency',
        'timezone_id',
      ]),
    )
  })
  graph.all('*', (c) => fail(c, problem(100, `Unsupported ${c.req.method.toLowerCase()} request for this path.`)))
  app.route('/:version{v[0-9]+\\.[0-9]+}', graph)
  return app
}

/** The bytes of a resumable upload come with another scheme than everything else. */
const uploadAccess = (id: string, authorization: string | undefined): string | undefined =>
  id.startsWith('upload:')
    ? authorization?.replace(/^(OAuth|Bearer) /, (_, scheme) => (scheme === 'OAuth' ? 'Bearer ' : ''))
    : authorization

/** Numbers and business accounts answer only their own token: 200 for another town's, 190 for nobody's. */
function checkAccess(world: World, authorization: string | undefined, id: string): Problem | null {
  const owners = world.state.accounts.filter((each) => each.phoneNumberId === id || each.businessAccountId === id)
  if (owners.length === 0) return checkToken(world, authorization, null)
  const answers = owners.map((account) => checkToken(world, authorization, account))
  return answers.includes(null) ? null : answers[0]!
}

function numberJson(account: Account): Json {
  const entity = { entity_type: 'PHONE_NUMBER', id: account.phoneNumberId, can_send_message: account.health }
  return {
    id: account.phoneNumberId,
    display_phone_number: account.displayPhoneNumber,
    verified_name: account.name,
    quality_rating: account.qualityRating,
    status: account.status,
    name_status: 'APPROVED',
    code_verification_status: 'VERIFIED',
    platform_type: 'CLOUD_API',
    throughput: { level: account.messagesPerSecond > 80 ? 'HIGH' : 'STANDARD' },
    whatsapp_business_manager_messaging_limit: account.dailyTier,
    health_status: { can_send_message: account.health, entities: [entity] },
  }
}

function numberRoutes(graph: Hono, { state, url }: World): void {
  const withNumber = (act: (c: Context, account: Account) => Response | Promise<Response>) => (c: Context) => {
    const account = state.accountBy(c.req.param('id') ?? '')
    return account ? act(c, account) : fail(c, unknownId(c.req.param('id') ?? ''))
  }
  const withBusiness = (act: (c: Context, accounts: Account[]) => Response | Promise<Response>) => (c: Context) => {
    const accounts = state.accounts.filter((account) => account.businessAccountId === c.req.param('id'))
    return accounts.length > 0 ? act(c, accounts) : fail(c, unknownId(c.req.param('id') ?? ''))
  }
  const subscribe = (subscribed: boolean) =>
    withBusiness((c, accounts) => {
      for (const account of accounts) account.subscribed = subscribed
      return c.json(success)
    })
  graph.post('/:id/subscribed_apps', subscribe(true))
  graph.delete('/:id/subscribed_apps', subscribe(false))
  graph.get(
    '/:id/subscribed_apps',
    withBusiness((c, [account]) =>
      c.json({
        data: account?.subscribed
          ? [{ whatsapp_business_api_data: { id: '500000000000005', name: 'WhatsUp', link: url } }]
          : [],
      }),
    ),
  )
  graph.get(
    '/:id/phone_numbers',
    withBusiness((c, accounts) =>
      c.json({
        data: accounts.map((account) =>
          only(numberJson(account), c.req.query('fields'), Object.keys(numberJson(account))),
        ),
        paging: { cursors: { before: 'MAZDZD', after: 'MAZDZD' } },
      }),
    ),
  )
  for (const edge of ['register', 'deregister', 'settings', 'conversational_automation'])
    graph.post(
      `/:id/${edge}`,
      withNumber((c) => c.json(success)),
    )
  graph.get(
    '/:id/whatsapp_business_profile',
    withNumber((c, { profile }) => c.json({ data: [profile] })),
  )
  graph.post(
    '/:id/whatsapp_business_profile',
    withNumber(async (c, account) => {
      Object.assign(account.profile, await jsonOf(c))
      return c.json(success)
    }),
  )
  const link = (code: string, text: string) => ({
    code,
    prefilled_message: text,
    deep_link_url: `https://wa.me/message/${code}`,
  })
  graph.get(
    '/:id/message_qrdls',
    withNumber((c, { shortLinks }) => c.json({ data: [...shortLinks].map(([code, text]) => link(code, text)) })),
  )
  graph.post(
    '/:id/message_qrdls',
    withNumber(async (c, { shortLinks }) => {
      const body = await jsonOf(c)
      const text = str(body.prefilled_message)
      if (!text || text.length > 140) return fail(c, problem(100, 'prefilled_message: 1 to 140 characters.'))
      const code = str(body.code) || `WUP${(shortLinks.size + 1).toString(36).toUpperCase().padStart(11, '0')}`
      shortLinks.set(code, text)
      return c.json({
        ...link(code, text),
        ...(body.generate_qr_image ? { qr_image_url: `${url}/assets/sample.jpg` } : {}),
      })
    }),
  )
  graph.delete(
    '/:id/message_qrdls/:code',
    withNumber((c, { shortLinks }) =>
      shortLinks.delete(c.req.param('code') ?? '') ? c.json(success) : fail(c, unknownId(c.req.param('code') ?? '')),
    ),
  )
}
