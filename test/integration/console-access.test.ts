import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sessionCookie } from '../../src/access/session-cookie.ts'
import { linkAuth } from '../../src/access/staff-auth.ts'
import { COMMAND } from '../../src/audit/audit.ts'
import { draft } from '../../src/broadcasts/drafts.ts'
import { clearStop, stopChannel } from '../../src/channels/channels.ts'
import { storeTemplates } from '../../src/channels/template-store.ts'
import { officeDoor } from '../../src/console/console.tsx'
import { bernd, cem, joins } from '../support/citizens.ts'
import { listed, ROADWORKS } from '../support/newsroom.ts'
import { openDoors, openTestRuntime, type TestRuntime } from '../support/runtime.ts'

const ROLES = ['editor', 'approver', 'admin'] as const
type OfficeRole = (typeof ROLES)[number]
const UNKNOWN = '00000000-0000-4000-8000-000000000000'
const ORIGIN = 'https://whatsup.example'

let runtime: TestRuntime
let doors: ReturnType<typeof openDoors>
let office: ReturnType<typeof officeDoor>
const cookies = new Map<OfficeRole, string>()

beforeAll(async () => {
  runtime = await openTestRuntime()
  office = officeDoor(runtime)
  doors = openDoors(runtime, { office })
  for (const role of ROLES) {
    const session = await runtime.act(async (deed) => {
      const { token } = await linkAuth.invite(deed, COMMAND, { email: `${role}@localhost`, role, channel: 'arnsberg' })
      return linkAuth.redeem(deed, token)
    })
    cookies.set(role, `${sessionCookie(ORIGIN).name}=${session!.token}`)
  }
})
afterAll(() => runtime.close())

/** Who may ask for what. A route that is not here fails the test below: somebody must decide. */
const EVERYBODY = 'open'
const OFFICE = 'editor approver admin'
const RULES: Readonly<Record<string, string>> = {
  'GET /assets/:version/:path{.+}': EVERYBODY,
  'GET /anmelden': EVERYBODY,
  'POST /anmelden': EVERYBODY,
  'GET /anmelden/stadt': EVERYBODY,
  'GET /anmelden/stadt/zurueck': EVERYBODY,
  'POST /abmelden': EVERYBODY,
  'POST /darstellung': EVERYBODY,
  'GET /barrierefreiheit': EVERYBODY,
  'POST /kanal-wechseln': OFFICE,
  'GET /': OFFICE,
  'GET /meldungen': OFFICE,
  'GET /meldungen/neu': OFFICE,
  'POST /meldungen': OFFICE,
  'POST /meldungen/vorschau': OFFICE,
  'GET /meldungen/:id': OFFICE,
  'GET /meldungen/:id/bearbeiten': OFFICE,
  'POST /meldungen/:id/bearbeiten': OFFICE,
  'GET /meldungen/:id/stand': OFFICE,
  'GET /meldungen/:id/empfaenger': OFFICE,
  'GET /meldungen/:id/empfaenger.csv': OFFICE,
  'POST /meldungen/:id/einreichen': OFFICE,
  'POST /meldungen/:id/freigeben': 'approver admin',
  'POST /meldungen/:id/ablehnen': 'approver admin',
  'POST /meldungen/:id/anhalten': OFFICE,
  'POST /meldungen/:id/fortsetzen': OFFICE,
  'POST /meldungen/:id/abbrechen': OFFICE,
  'POST /meldungen/:id/wiederholen': OFFICE,
  'POST /meldungen/:id/testen': OFFICE,
  'POST /meldungen/:id/loeschen': OFFICE,
  'POST /meldungen/:id/richtigstellen': OFFICE,
  'GET /vorlagen': OFFICE,
  'GET /vorlagen/neu': OFFICE,
  'POST /vorlagen': OFFICE,
  'POST /vorlagen/abgleichen': OFFICE,
  'POST /vorlagen/vorschau': OFFICE,
  'GET /vorlagen/:key': OFFICE,
  'GET /vorlagen/:key/bearbeiten': OFFICE,
  'POST /vorlagen/:key/bearbeiten': OFFICE,
  'GET /abonnenten': OFFICE,
  'POST /abonnenten/nachschlagen': OFFICE,
  'POST /abonnenten/:id/nachweis': OFFICE,
  'POST /abonnenten/:id/nachweis/datei': OFFICE,
  'POST /abonnenten/ausgeben': 'admin',
  'POST /abonnenten/abmelden': OFFICE,
  'POST /abonnenten/loeschen': 'admin',
  'GET /abonnenten/uebernehmen': 'admin',
  'POST /abonnenten/uebernehmen': 'admin',
  'GET /chats': OFFICE,
  'POST /chats/erneut': OFFICE,
  'POST /chats/verwerfen': OFFICE,
  'POST /chats/aufnehmen': OFFICE,
  'POST /chats/:id/abschliessen': OFFICE,
  'GET /einwilligungen': OFFICE,
  'POST /einwilligungen/pruefen': OFFICE,
  'GET /kanal': OFFICE,
  'GET /kanal/aushaenge': OFFICE,
  'GET /kanal/aushaenge/:code': OFFICE,
  'GET /kanal/aushaenge/:code/:angebot': OFFICE,
  'POST /kanal/pruefen': OFFICE,
  'POST /kanal/fortsetzen': 'admin',
  'GET /protokoll': 'admin',
  'POST /protokoll/ausgeben': 'admin',
  'GET /zugaenge': 'admin',
  'POST /zugaenge/personen': 'admin',
  'POST /zugaenge/personen/:id/entziehen': 'admin',
  'POST /zugaenge/schluessel': 'admin',
  'POST /zugaenge/schluessel/:id/beenden': 'admin',
  'GET /konto': OFFICE,
  'POST /konto': OFFICE,
  'POST /konto/abmelden': OFFICE,
}

const closed = Object.entries(RULES).filter(([, who]) => who !== EVERYBODY)
const pathOf = (route: string) =>
  `/office${route
    .slice(route.indexOf(' ') + 1)
    .replace(':id', UNKNOWN)
    .replace(':key', 'gibt_es_nicht.de')}`.replace(/\/$/, '')

const ask = (route: string, headers: Record<string, string>) => {
  const method = route.slice(0, route.indexOf(' '))
  return doors.app.request(pathOf(route), {
    method,
    headers: {
      ...(method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN } : {}),
      ...headers,
    },
    ...(method === 'POST' ? { body: 'a=b' } : {}),
  })
}

describe('every page of the console is locked', () => {
  test('the list above names every route', () => {
    const routes = office.routes.filter(({ method }) => method === 'GET' || method === 'POST')
    expect([...new Set(routes.map(({ method, path }) => `${method} ${path}`))].sort()).toEqual(
      Object.keys(RULES).sort(),
    )
  })

  test.each(closed)('%s sends away who is not signed in', async (route) => {
    const answer = await ask(route, {})
    expect([answer.status, answer.headers.get('location')?.split('?')[0]]).toEqual([303, '/office/anmelden'])
  })

  test.each(closed)('%s is for %s', async (route, allowed) => {
    for (const role of ROLES) {
      const { status } = await ask(route, { cookie: cookies.get(role)! })
      if (allowed.split(' ').includes(role)) expect(status, role).not.toBe(403)
      else expect(status, role).toBe(403)
    }
  })

  test.each(closed)('%s of another town is out of reach', async (route) => {
    const { status } = await ask(`${route}?kanal=warstein`, { cookie: cookies.get('admin')! })
    expect(status).toBe(403)
  })

  test.each(Object.keys(RULES).filter((route) => route.startsWith('POST')))(
    '%s refuses forms of foreign pages',
    async (route) => {
      const { status } = await ask(route, {
        cookie: cookies.get('admin')!,
        origin: 'https://evil.example',
        'sec-fetch-site': 'cross-site',
      })
      expect(status).toBe(403)
    },
  )
})

test('the admin takes the whole audit log along as a table, which stands in it', async () => {
  await runtime.sql`
    insert into audit (at, channel, actor, actor_name, action, detail)
    select ${runtime.now()}, 'arnsberg', 'key:1', '=cmd', 'old', '{}' from generate_series(1, 1200)`
  const at = new Date('2026-07-01T22:30:00Z')
  const looked = { by: 'phone', found: true, reason: 'Anruf' }
  await runtime.sql`
    insert into audit (at, channel, actor, actor_name, action, detail)
    values (${at}, 'arnsberg', 'key:1', 'Dora', 'subscriber.looked-up', ${runtime.sql.json(looked)})`
  await runtime.act((deed) => storeTemplates(deed, 'arnsberg', [listed('stadt_meldung')]))
  const { id } = await runtime.act((deed) =>
    draft(deed, { ...COMMAND, id: 'key:a' }, runtime.channels.get('arnsberg')!, ROADWORKS),
  )
  const answer = await ask('POST /protokoll/ausgeben', { cookie: cookies.get('admin')! })
  const lines = (await answer.text()).trim().split('\n')
  expect(lines[0]).toContain('"Zeit";"Kanal";"Wer"')
  expect(lines[1]).toContain('Protokoll ausgegeben')
  expect(lines[2]).toMatch(new RegExp(`;"${id}";"${ROADWORKS.title}"$`))
  expect(lines[3]).toMatch(/;"Do, 02.07.2026, 0:30\u00a0Uhr";"arnsberg";"Dora";.*;"Grund: Anruf"$/)
  expect(lines.filter((line) => line.includes(';"\'=cmd";'))).toHaveLength(1200)
})

describe('the proof of one person, to print', () => {
  const dora = { name: 'Dora', phone: '+4915112340004' }
  const proofOf = (id: string, reason: string) =>
    doors.app.request(`/office/abonnenten/${id}/nachweis`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: ORIGIN,
        cookie: cookies.get('editor')!,
      },
      body: new URLSearchParams({ reason }).toString(),
    })

  test('shows what was agreed to, how, with which words, and whether the ledger holds; who asked why stands in the audit', async () => {
    const { id } = await joins(runtime, 'arnsberg', dora, { topics: ['termine'] })
    const answer = await proofOf(id, 'Beschwerde')
    const html = await answer.text()
    expect(answer.status).toBe(200)
    const [entry] = await runtime.sql`select encode(hash, 'hex') as hash from consents`
    for (const shown of [
      dora.phone,
      'Eingewilligt: Infokanal',
      'Veranstaltungen',
      'Stichwort gesendet',
      'Sie bekommen jetzt Meldungen der Stadt.',
      '2026-11',
      `wamid.${id}.info.start`,
      entry!.hash,
      'Die Einträge dieser Person sind unverändert',
    ])
      expect(html).toContain(shown)
    const rows = await runtime.sql`select target, detail from audit where action = 'subscriber.proof-read'`
    expect(rows).toEqual([{ target: id, detail: { reason: 'Beschwerde' } }])
    await runtime.sql`alter table consents disable trigger all`
    await runtime.sql`update consents set topics = null`
    expect(await (await proofOf(id, 'Beschwerde')).text()).toContain('Einträge dieser Person wurden verändert')
  })

  test('is not given without a reason, for somebody of another town, or for nobody', async () => {
    const { id } = await joins(runtime, 'warstein', bernd, { offering: 'chat' })
    const { id: own } = await joins(runtime, 'arnsberg', bernd)
    const statuses = [proofOf(own, ' '), proofOf(id, 'Beschwerde'), proofOf('x', 'Beschwerde')]
    expect(await Promise.all(statuses.map(async (one) => (await one).status))).toEqual([422, 404, 404])
  })
})

test('nobody is looked up without a reason, which stands in the audit', async () => {
  const lookUp = (reason: string) =>
    doors.app.request('/office/abonnenten/nachschlagen', {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: ORIGIN,
        cookie: cookies.get('approver')!,
      },
      body: new URLSearchParams({ phone: '+49 1511 2340001', reason }).toString(),
    })
  const refused = await lookUp(' ')
  expect([refused.status, await refused.text()]).toEqual([
    422,
    expect.stringContaining('wozu Sie die Person nachschlagen'),
  ])
  expect(await (await lookUp('Anruf wegen Abmeldung')).text()).toContain('hier nicht bekannt')
  const noted = await runtime.sql`select detail->>'reason' as reason from audit where action = 'subscriber.looked-up'`
  expect(noted.map(({ reason }) => reason)).toContain('Anruf wegen Abmeldung')
})

test('a name tried as the reason is refused, and the attempt stands in the audit', async () => {
  const emil = { name: 'Emil', phone: '+4915112340005' }
  const { id } = await joins(runtime, 'arnsberg', emil)
  const attempt = async (path: string, form: Record<string, string>) => {
    const headers = {
      ...{ 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN },
      cookie: cookies.get('approver')!,
    }
    const body = new URLSearchParams(form).toString()
    const answer = await doors.app.request(`/office/abonnenten/${path}`, { method: 'POST', headers, body })
    return [answer.status, (await answer.text()).includes('nicht den Namen der Person')]
  }
  const reason = 'Heißt er Emil?'
  expect(await attempt('nachschlagen', { phone: emil.phone, reason })).toEqual([422, true])
  expect(await attempt(`${id}/nachweis`, { reason })).toEqual([422, true])
  expect(await attempt(`${id}/nachweis/datei`, { reason })).toEqual([422, true])
  const noted = await runtime.sql`select action, detail from audit where target = ${id} order by id`
  expect(noted.map(({ action, detail }) => [action, detail.refused, detail.reason])).toEqual([
    ['subscriber.looked-up', true, undefined],
    ['subscriber.proof-read', true, undefined],
    ['subscriber.proof-read', true, undefined],
  ])
  const page = await doors.app.request('/office/protokoll', { headers: { cookie: cookies.get('admin')! } })
  const words = (await page.text()).replace(/<[^>]+>/g, '|').replace(/\|+/g, '|')
  expect(words).toContain('|Person nachgeschlagen|abgelehnt: der Grund nannte die Person|')
})

test('the list of all numbers is given out for a stated reason, which stands in the audit', async () => {
  const list = (purpose: string) =>
    doors.app.request('/office/abonnenten/ausgeben', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN, cookie: cookies.get('admin')! },
      body: new URLSearchParams({ purpose }).toString(),
    })
  const begun = () =>
    runtime.sql`select detail from audit where action = 'subscribers.export-begun' order by id desc limit 1`
  const before = await begun()
  for (const [purpose, problem] of [
    ['', 'den Grund an (mindestens 3 Zeichen)'],
    ['x', 'den Grund an (mindestens 3 Zeichen)'],
    ['für 0171.555.0151', 'keine Rufnummer'],
  ] as const) {
    const again = await list(purpose)
    const page = await again.text()
    expect(again.status).toBe(422)
    expect(page).toMatch(/<details[^>]* open=""/)
    expect(page).toMatch(new RegExp(`<input[^>]*id="purpose"[^>]*aria-invalid="true"[^>]*value="${purpose}"`))
    expect(page).toMatch(new RegExp(`id="purpose-fehler".*?${problem.replace(/[()]/g, '.')}`, 's'))
  }
  expect(await begun()).toEqual(before)
  const given = await list('Umzug zum neuen Anbieter')
  expect([given.status, await given.text()]).toEqual([200, expect.stringMatching(/^"phone";"userId";/)])
  expect((await begun())[0]!.detail).toEqual({ reason: 'Umzug zum neuen Anbieter' })
})

test('a list that cannot be read says why in German words, and what it needs', async () => {
  const tried = async (...files: File[]) => {
    const body = new FormData()
    body.set('schritt', 'probe')
    for (const file of files) body.set('liste', file)
    const headers = { origin: ORIGIN, cookie: cookies.get('admin')! }
    return (await doors.app.request('/office/abonnenten/uebernehmen', { method: 'POST', headers, body })).text()
  }
  const page = await tried(new File(['Rufnummer;Quelle\n+4915112340001;Formular'], 'liste.csv'))
  expect(page).toContain('Zeile 1: hier müssen die Namen der Spalten stehen; es fehlt: Datum, Wortlaut<')
  expect(page).toContain('Diese Datei lässt sich so nicht übernehmen')
  expect(page).toContain('Kennung (userId)')
  const line = 'Rufnummer;Angebot;Datum;Quelle;Wortlaut\n+4915112340061;info;1.3.2026;Formular;Ja'
  expect(await tried(new File([line], 'liste.csv'))).toContain('Es käme 1 Anmeldung hinzu')
  expect(await tried(new File([''], 'liste.csv'))).toContain('Diese Datei ist leer.')
  expect(await tried(new File([''], ''))).toContain('Bitte wählen Sie eine Datei.')
})

const post = (path: string, fields: Record<string, string>, role: OfficeRole = 'editor') =>
  doors.app.request(`/office/abonnenten/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN, cookie: cookies.get(role)! },
    body: new URLSearchParams(fields).toString(),
  })

/** What the next page says on top. */
const saidIn = (answer: Response): string => {
  const flash = /whatsup-hinweis=([^;]+)/.exec(answer.headers.getSetCookie().join('\n'))?.[1] ?? ''
  return JSON.parse(Buffer.from(flash, 'base64url').toString()).text
}

test('an editor signs off whoever calls: ledger and audit say so once, and the person page no longer offers it', async () => {
  const phone = '+4915112340044'
  const { id } = await joins(runtime, 'arnsberg', { name: 'Dora', phone })
  const look = async () => (await post('nachschlagen', { phone, reason: 'Anruf' })).text()
  const OFFER = 'Vom Infokanal abmelden'
  expect(await look()).toContain(OFFER)
  for (let times = 0; times < 2; times++) expect((await post('abmelden', { phone })).status).toBe(303)
  expect(await look()).not.toContain(OFFER)
  const proof = await (await post(`${id}/nachweis`, { reason: 'Beschwerde' })).text()
  expect(proof).toContain('keiner: durch das Rathaus')
  expect(proof).not.toContain('nicht festgehalten')
  const entries = await runtime.sql`
    select action, source from consents k join contacts c on c.subject = k.subject
    where c.phone_hash = ${runtime.vault.fingerprint('phone', phone)} order by k.id`
  expect(entries.map((row) => ({ ...row }))).toEqual([
    { action: 'granted', source: expect.any(String) },
    { action: 'withdrawn', source: 'office' },
  ])
  expect(await runtime.sql`select target from audit where action = 'subscriber.signed-off'`).toEqual([{ target: id }])
})

test('whoever has no number here is looked up by the WhatsApp id, signed off and erased from the page that shows them', async () => {
  const { id } = await joins(runtime, 'arnsberg', cem)
  const look = () => post('nachschlagen', { phone: ` ${cem.userId} `, reason: 'Anruf' }, 'admin')
  const shown = await (await look()).text()
  expect(shown).toContain(cem.userId)
  expect(shown.replace(/<[^>]+>/g, '|').replace(/\|+/g, '|')).toContain('|Person nachgeschlagen|Grund: Anruf|')
  const forms = [...shown.matchAll(/abonnenten\/(\w+)\?kanal=arnsberg"[^>]*><input[^>]*name="person" value="([^"]+)"/g)]
  expect(forms.map(([, path, person]) => [path, person])).toEqual([
    ['abmelden', id],
    ['loeschen', id],
  ])
  const active = () => runtime.sql`select from subscriptions where contact_id = ${id} and left_at is null`
  await post('abmelden', { person: id })
  expect(await active()).toHaveLength(0)
  await post('loeschen', { person: id }, 'admin')
  expect((await look()).status).toBe(422)
  expect(await runtime.sql`select from contacts where id = ${id}`).toHaveLength(0)
})

test('nobody is signed off or erased on the page of another town', async () => {
  const { id } = await joins(runtime, 'warstein', { phone: '+4915112340045' }, { offering: 'chat' })
  for (const path of ['abmelden', 'loeschen']) {
    await post(path, { person: id }, 'admin')
    expect((await post(path, { person: 'x' }, 'admin')).status).toBe(404)
  }
  expect(await runtime.sql`select from subscriptions where contact_id = ${id} and left_at is null`).toHaveLength(1)
})

test('a caller whom nobody knows gets their no noted, and only a keyed hash of the number stays', async () => {
  const phone = '+4915112340046'
  const unknown = await (await post('nachschlagen', { phone, reason: 'Anruf' })).text()
  expect(unknown).toContain('fragen Sie nach einer anderen Nummer')
  expect(unknown).toContain('Keine Meldungen gewünscht')
  const noted = 'Die Person möchte keine Meldungen. Anmelden kann nur sie selbst sich, keine Liste.'
  const said = async () => saidIn(await post('abmelden', { phone }))
  expect(await said()).toBe(`Vermerkt: ${noted}`)
  // They may not be somebody who was subscribed: the form still open in a second window says no more than is known.
  expect(await said()).toBe(`Das war schon vermerkt: ${noted}`)
  const again = await (await post('nachschlagen', { phone, reason: 'Anruf' })).text()
  expect(again).toContain('Vermerkt ist schon: Keine Liste meldet diese Person an')
  expect(again).not.toContain('Keine Meldungen gewünscht')
  const kept = await runtime.sql`select encode(id_hash, 'hex') as hash from suppressions`
  expect(kept.map(({ hash }) => hash)).toContain(runtime.vault.fingerprint('phone', phone).toString('hex'))
  // Said anew, it counts anew, and leaves an entry of its own.
  expect(await runtime.sql`select target, detail from audit where action = 'subscriber.no-noted'`).toEqual([
    { target: null, detail: {} },
    { target: null, detail: {} },
  ])
})

test('with one person for the approval nothing is handed in, and the pages say what is missing', async () => {
  await runtime.act((deed) => storeTemplates(deed, 'arnsberg', [listed('stadt_meldung')]))
  const actor = { ...COMMAND, id: 'staff:anna' }
  const { id } = await runtime.act((deed) => draft(deed, actor, runtime.channels.get('arnsberg')!, ROADWORKS))
  const submitted = async () => {
    const answer = await ask('POST /meldungen/:id/einreichen'.replace(':id', id), { cookie: cookies.get('editor')! })
    const [row] = await runtime.sql`select status from broadcasts where id = ${id}`
    return [row!.status, saidIn(answer)]
  }
  const shown = async (path: string) => (await ask(`GET ${path}`, { cookie: cookies.get('approver')! })).text()
  await runtime.sql`update staff set disabled_at = now() where email = 'admin@localhost'`
  expect(await submitted()).toEqual(['draft', expect.stringContaining('mindestens zwei Personen das Recht')])
  expect(await shown('/kanal')).toContain('Mindestens zwei Personen dürfen freigeben (jetzt: 1)')
  expect(await shown('/')).toContain('Es fehlt jemand für die Freigabe')
  await runtime.sql`update staff set disabled_at = null where email = 'admin@localhost'`
  expect(await submitted()).toEqual(['awaiting-approval', 'Eingereicht.'])
  expect(await shown('/kanal')).toContain('Mindestens zwei Personen dürfen freigeben (jetzt: 2)')
  expect(await shown('/')).not.toContain('Es fehlt jemand für die Freigabe')
})

test('no answer may be kept, framed or run foreign script', async () => {
  const { headers } = await ask('GET /', { cookie: cookies.get('admin')! })
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('x-frame-options')).toBe('DENY')
  const policy = headers.get('content-security-policy')!
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("script-src 'self'")
  expect(policy).not.toMatch(/unsafe|\*/)
})

test('the session cookie is out of reach for scripts and other sites', async () => {
  const { token } = await runtime.act((deed) =>
    linkAuth.invite(deed, COMMAND, { email: 'dora@localhost', role: 'editor', channel: 'arnsberg' }),
  )
  const answer = await doors.app.request('/office/anmelden', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN },
    body: `link=${token}`,
  })
  const cookie = answer.headers.get('set-cookie')!
  expect(cookie).toMatch(/^__Host-whatsup=/)
  for (const attribute of ['HttpOnly', 'Secure', 'SameSite=Lax', 'Path=/']) expect(cookie).toContain(attribute)
  const again = await doors.app.request('/office/anmelden', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN },
    body: `link=${token}`,
  })
  expect(again.status).toBe(403)
})

test('who is not signed in cannot make us read a flood', async () => {
  const answer = await doors.app.request('/office/anmelden', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN },
    body: `link=${'x'.repeat(300_000)}`,
  })
  expect([answer.status, answer.headers.get('connection')]).toEqual([413, 'close'])
})

test('a form of a broadcast explains why it reaches fewer people than are in the info channel', async () => {
  await runtime.act((deed) => storeTemplates(deed, 'arnsberg', [listed('stadt_meldung'), listed('strassensperrung')]))
  const { id } = await joins(runtime, 'arnsberg', { name: 'Emil', phone: '+4915112340051' })
  await joins(runtime, 'arnsberg', { name: 'Frida', phone: '+4915112340052' })
  const card = async (template: string) => {
    const answer = await ask(`GET /meldungen/neu?vorlage=${template}.de`, { cookie: cookies.get('editor')! })
    const page = (await answer.text()).replace(/<[^>]+>/g, '|').replace(/\|+/g, '|')
    return /\|Empfänger\|(\d+)\|(?:([^|]+)\|)?Reine Sendezeit/.exec(page)?.slice(1) ?? []
  }
  const [everybody] = await card('stadt_meldung')
  await runtime.sql`update contacts set marketing_stopped_at = now() where id = ${id}`
  expect(await card('stadt_meldung')).toEqual([
    String(Number(everybody) - 1),
    ` von ${everybody}: 1 Person hat Werbung in WhatsApp abgestellt.`,
  ])
  expect((await card('strassensperrung'))[0], 'what was ordered is no advertising').toBe(everybody)
})

test('a channel that WhatsApp stopped is not said to lack its access', async () => {
  const page = async () => (await ask('GET /kanal', { cookie: cookies.get('admin')! })).text()
  expect(await page()).toContain('Die Technik hinterlegt Zugangsschlüssel')
  await runtime.act((deed) => stopChannel(deed, 'arnsberg', 'ACCOUNT_VIOLATION', 'account'))
  expect(await page()).not.toContain('Die Technik hinterlegt Zugangsschlüssel')
  expect(await page()).toContain('Woran es liegt und was zu tun ist, steht oben.')
  await runtime.act((deed) => clearStop(deed, 'arnsberg'))
})
