import { type Context, Hono } from 'hono'
import { raw } from 'hono/html'
import { secureHeaders } from 'hono/secure-headers'
import { streamSSE } from 'hono/streaming'
import { viewOf } from './bubble-view.ts'
import { BubbleItem } from './bubbles.tsx'
import { accountOf } from './citizens.ts'
import type { Emulator } from './emulator.ts'
import { bytesOf } from './graph-media.ts'
import { Page } from './phones-page.tsx'
import { asset } from './samples.ts'
import type { Account, Citizen } from './state.ts'
import type { Change, World } from './world.ts'

const ASSETS: Record<string, string> = {
  'phones.css': 'text/css; charset=utf-8',
  'phones.js': 'text/javascript; charset=utf-8',
}

/** The page on which one is a citizen: readable and usable without JavaScript, live with it. */
export function phonesRoutes(world: World, emulator: Emulator): Hono {
  const { state } = world
  const app = new Hono()
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        mediaSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
      strictTransportSecurity: false,
    }),
  )
  const chosen = (id: string | undefined): Account => state.accountBy(id ?? '') ?? accountOf(world)
  app.get('/', (c) =>
    c.html(raw(`<!doctype html>${(<Page state={state} account={chosen(c.req.query('kanal'))} />).toString()}`)),
  )
  app.get('/telefone/assets/:name', (c) => {
    const type = ASSETS[c.req.param('name')]
    return type
      ? c.body(new Uint8Array(asset(c.req.param('name'))), 200, { 'content-type': type, 'cache-control': 'no-cache' })
      : c.notFound()
  })
  app.get('/telefone/medien/:id', (c) => {
    const file = state.media.get(c.req.param('id'))
    return file ? bytesOf(c, file) : c.notFound()
  })
  actions(app, world, emulator, chosen)
  app.get('/control/events', (c) =>
    streamSSE(c, async (stream) => {
      let last = stream.writeSSE({ event: 'hello', data: '{}' })
      const say = (event: { event: string; data: string }): void => {
        last = last.then(() => stream.writeSSE(event))
      }
      const watch = (change: Change): void => {
        if (change.citizen.onStage) say(eventOf(change))
      }
      world.watchers.add(watch)
      const ping = setInterval(() => say({ event: 'ping', data: '{}' }), 15_000)
      await new Promise<void>((resolve) => stream.onAbort(resolve))
      clearInterval(ping)
      world.watchers.delete(watch)
    }),
  )
  return app
}

function eventOf({ citizen, phoneNumberId, bubble, typing }: Change): { event: string; data: string } {
  const view = bubble && viewOf(bubble)
  const html = view
    ? (<BubbleItem bubble={view} post={`/telefone/${citizen.id}/tippen`} number={phoneNumberId} />).toString()
    : ''
  return {
    event: 'bubble',
    data: JSON.stringify({ citizenId: citizen.id, phoneNumberId, bubble: view, html, typing: typing ?? false }),
  }
}

function actions(app: Hono, world: World, emulator: Emulator, chosen: (id: string | undefined) => Account): void {
  const { state } = world
  const back = (c: Context, account: Account, citizenId?: string): Response =>
    c.req.header('accept')?.includes('application/json')
      ? c.json({ success: true })
      : c.redirect(`/?kanal=${account.phoneNumberId}${citizenId ? `#telefon-${citizenId}` : ''}`, 303)
  const text = (form: Record<string, unknown>, field: string): string =>
    typeof form[field] === 'string' ? (form[field] as string).trim() : ''
  const on = (
    path: string,
    act: (citizen: Citizen, account: Account, form: Record<string, unknown>) => unknown,
  ): void => {
    app.post(`/telefone/:id/${path}`, async (c) => {
      const citizen = state.citizens.get(c.req.param('id') ?? '')
      if (!citizen) return c.notFound()
      const form = await c.req.parseBody()
      const account = chosen(text(form, 'kanal'))
      await act(citizen, account, form)
      return back(c, account, citizen.id)
    })
  }
  const self = (citizen: Citizen) =>
    citizen.phone ? { phone: citizen.phone, userId: citizen.userId } : { userId: citizen.userId }

  app.post('/telefone/neu', async (c) => {
    const form = await c.req.parseBody()
    const account = chosen(text(form, 'kanal'))
    const known = state.citizens.get(text(form, 'bekannt'))
    const digits = text(form, 'telefon')
      .replace(/^0(?=[1-9])/, '+49')
      .replace(/^00/, '+')
      .replace(/\D/g, '')
    const free = (): string => {
      for (let next = 5; ; next++)
        if (!state.byPhone.has(`491511234${String(next).padStart(4, '0')}`))
          return `491511234${String(next).padStart(4, '0')}`
    }
    const phone = /^\d{8,15}$/.test(digits) ? digits : free()
    const citizen = known ?? emulator.citizen({ phone, ...(text(form, 'name') ? { name: text(form, 'name') } : {}) })
    citizen.onStage = true
    return back(c, account, citizen.id)
  })
  on('entfernen', (citizen) => {
    citizen.onStage = false
  })
  on('schreiben', (citizen, account, form) => {
    const message = text(form, 'text')
    if (message) return emulator.citizenWrites({ phoneNumberId: account.phoneNumberId, from: self(citizen), message })
  })
  on('senden', (citizen, account, form) => {
    const kind = text(form, 'art')
    const message =
      kind === 'location'
        ? PLACE
        : { type: kind, ...(kind === 'image' ? { image: { caption: text(form, 'text') || undefined } } : {}) }
    if (['image', 'video', 'audio', 'document', 'sticker', 'location'].includes(kind))
      return emulator.citizenWrites({ phoneNumberId: account.phoneNumberId, from: self(citizen), message })
  })
  on('tippen', (citizen, account, form) =>
    emulator
      .citizenTaps({
        phoneNumberId: account.phoneNumberId,
        from: self(citizen),
        action: text(form, 'taste'),
        messageId: text(form, 'nachricht'),
      })
      .catch((error: unknown) => {
        if (!(error instanceof RangeError)) throw error // an old page may offer what is gone
      }),
  )
  on('nummer', (citizen, _account, form) => {
    const newPhone = text(form, 'neu')
      .replace(/^0(?=[1-9])/, '49')
      .replace(/\D/g, '')
    if (/^\d{8,15}$/.test(newPhone) && !state.byPhone.has(newPhone))
      return emulator.citizenChangesNumber({ from: self(citizen), newPhone })
  })
  on('angebote', (citizen, account, form) =>
    emulator.citizenSetsPreference({
      phoneNumberId: account.phoneNumberId,
      from: self(citizen),
      value: text(form, 'wert') === 'resume' ? 'resume' : 'stop',
    }),
  )
  on('einstellungen', (citizen, _account, form) => {
    citizen.readReceipts = form.lesen === 'ja'
    citizen.hidesPhone = form.verborgen === 'ja'
    citizen.username = citizen.hidesPhone
      ? `${citizen.name.toLowerCase().replace(/[^a-z0-9]+/g, '.')}.${citizen.userId.slice(-4)}`
      : null
  })
}

const PLACE = {
  type: 'location',
  location: { latitude: 51.3967, longitude: 8.0645, name: 'Altes Rathaus', address: 'Alter Markt 19, 59821 Arnsberg' },
}
