import { type Context, Hono } from 'hono'
import type { From, Inbound } from './citizens.ts'
import type { AccountChange, Emulator } from './emulator.ts'
import type { FaultOptions } from './faults.ts'
import { type Json, obj, str } from './json.ts'
import { phonesRoutes } from './phones.tsx'
import type { World } from './world.ts'

/** The emulator's remote control: JSON under /control for tests in other processes, and the phones page at /. */
export function controlRoutes(world: World, emulator: Emulator): Hono {
  const app = new Hono()
  app.use('*', async (c, next) => {
    // no page of another site may write here on behalf of somebody who has the emulator open
    if (c.req.method !== 'GET' && ['cross-site', 'same-site'].includes(c.req.header('sec-fetch-site') ?? ''))
      return c.json({ error: 'cross-site' }, 403)
    await next()
  })
  app.onError((error, c) =>
    error instanceof RangeError
      ? c.json({ error: error.message }, 400)
      : c.json({ error: 'unexpected', detail: error.message }, 500),
  )
  const body = async <T,>(c: Context): Promise<T> => {
    const parsed: unknown = await c.req.json().catch(() => {
      throw new RangeError('the body is not JSON')
    })
    return obj(parsed) as T
  }
  app.post('/control/inbound', async (c) => c.json(await emulator.citizenWrites(withDate(await body<Inbound>(c)))))
  app.post('/control/taps', async (c) => c.json(await emulator.citizenTaps(await body(c))))
  app.post('/control/number-change', async (c) =>
    c.json({ statuses: await emulator.citizenChangesNumber(await body(c)) }),
  )
  app.post('/control/preferences', async (c) =>
    c.json({ status: await emulator.citizenSetsPreference(withDate(await body(c))) }),
  )

  app.get('/control/citizens', (c) => {
    const staged = c.req.query('onStage') === 'true'
    const all = [...world.state.citizens.values()].filter((citizen) => !staged || citizen.onStage)
    return c.json({ citizens: all.map(({ talks, ...citizen }) => ({ ...citizen, conversations: [...talks.keys()] })) })
  })
  app.post('/control/citizens', async (c) => {
    const { talks: _, ...citizen } = emulator.citizen(await body<From>(c), true)
    return c.json(citizen, 201)
  })
  app.get('/control/citizens/:id/messages', (c) => {
    const id = c.req.param('id')
    const citizen =
      world.state.citizens.get(id) ?? world.state.byPhone.get(id.replace(/^\+/, '')) ?? world.state.byUserId.get(id)
    if (!citizen) return c.json({ error: 'unknown citizen' }, 404)
    return c.json({ messages: emulator.messagesOf(citizen.phone ?? citizen.userId, c.req.query('phoneNumberId')) })
  })

  app.get('/control/sends', (c) => {
    const sends = emulator.sends(Number(c.req.query('since')) || 0, Number(c.req.query('limit')) || 50_000)
    const rows = sends.map((s) => [
      s.index,
      s.at,
      s.phoneNumberId,
      s.recipient,
      s.callbackData,
      s.wamid,
      s.type,
      s.code,
    ])
    const next = (sends.at(-1)?.index ?? (Number(c.req.query('since')) || 0) - 1) + 1
    return c.json({
      columns: ['index', 'at', 'phoneNumberId', 'recipient', 'callbackData', 'wamid', 'type', 'code'],
      rows,
      next,
    })
  })
  app.delete('/control/sends', (c) => {
    emulator.forgetSends()
    return c.json({ success: true })
  })
  app.get('/control/stats', (c) => {
    const { answers, givenUp } = world.webhooks
    return c.json({ ...emulator.stats(Number(c.req.query('since')) || 0), webhooks: { answers, givenUp } })
  })

  app.get('/control/faults', (c) => c.json({ faults: emulator.faults() }))
  app.post('/control/faults', async (c) => c.json(emulator.addFault(await body<FaultOptions>(c)), 201))
  app.delete('/control/faults/:id?', (c) => {
    const id = c.req.param('id')
    emulator.clearFaults(id === undefined ? undefined : Number(id))
    return c.json({ success: true })
  })
  app.post('/control/held', async (c) =>
    c.json({ messages: emulator.releaseHeld(str((await body<Json>(c)).outcome) === 'drop' ? 'drop' : 'release') }),
  )
  app.post('/control/templates/:name', async (c) => {
    const { businessAccountId, language, ...change } = await body<Json>(c)
    const statuses = await emulator.changeTemplate(
      c.req.param('name'),
      change,
      str(businessAccountId) || undefined,
      str(language) || undefined,
    )
    return c.json({ statuses })
  })
  app.put('/control/accounts/:id', async (c) => {
    const { accessToken, status, qualityRating, health, messagesPerSecond, dailyTier, freeServiceLeft } =
      await body<AccountChange>(c)
    const change = { accessToken, status, qualityRating, health, messagesPerSecond, dailyTier, freeServiceLeft }
    emulator.changeAccount(
      c.req.param('id'),
      Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)),
    )
    return c.json({ success: true })
  })
  app.put('/control/webhook', async (c) => {
    emulator.setWebhookUrl(str((await body<Json>(c)).url))
    return c.json({ success: true })
  })
  app.post('/control/webhook/verify', async (c) => c.json({ verified: await emulator.verifyWebhook() }))
  app.post('/control/webhook/raw', async (c) => c.json({ status: await emulator.postWebhook(await body<Json>(c)) }))
  app.get('/control/idle', async (c) => {
    await emulator.idle()
    return c.json({ idle: true })
  })
  app.route('/', phonesRoutes(world, emulator))
  return app
}

const withDate = <T extends { at?: Date }>(input: T): T => (input.at ? { ...input, at: new Date(input.at) } : input)
