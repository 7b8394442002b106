import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sessionCookie } from '../../src/access/session-cookie.ts'
import { linkAuth } from '../../src/access/staff-auth.ts'
import { COMMAND } from '../../src/audit/audit.ts'
import { officeDoor } from '../../src/console/console.tsx'
import { findContact } from '../../src/contacts/contacts.ts'
import { openLog } from '../../src/log.ts'
import { checkLedger, checkLedgersNightly, walkLedger } from '../../src/privacy/ledger-check.ts'
import { verifyChain } from '../../src/subscriptions/verify.ts'
import { anna, bernd, cem, joins, leaves } from '../support/citizens.ts'
import { openDoors, openTestRuntime, type TestRuntime } from '../support/runtime.ts'

const ORIGIN = 'https://whatsup.example'
const DAY = 86_400_000

let runtime: TestRuntime
let doors: ReturnType<typeof openDoors>
let lines: string[]
/** Anna's entries are 1 and 3, Bernd's 2, Cem's 4 and 5. */
beforeEach(async () => {
  lines = []
  runtime = await openTestRuntime({ log: openLog('info', { write: (line) => lines.push(line) }) })
  doors = openDoors(runtime, { office: officeDoor(runtime) })
  await joins(runtime, 'arnsberg', anna)
  await joins(runtime, 'arnsberg', bernd)
  await joins(runtime, 'arnsberg', anna, { offering: 'chat' })
  await joins(runtime, 'arnsberg', cem)
  await joins(runtime, 'arnsberg', cem, { offering: 'chat' })
})
afterEach(() => runtime.close())

/** Past the trigger, as somebody could who owns the database. */
const tamper = (change: string) =>
  runtime.sql.unsafe(`alter table consents disable trigger user; ${change}; alter table consents enable trigger user`)

async function office() {
  const session = await runtime.act(async (deed) => {
    const invitation = { email: 'frida@localhost', role: 'admin' as const, channel: 'arnsberg' }
    return linkAuth.redeem(deed, (await linkAuth.invite(deed, COMMAND, invitation)).token)
  })
  const headers = { cookie: `${sessionCookie(ORIGIN).name}=${session!.token}`, origin: ORIGIN }
  return async (path: string, form?: Record<string, string>) => {
    const body = form && new URLSearchParams(form)
    return (await doors.app.request(path, { headers, ...(body ? { method: 'POST', body } : {}) })).text()
  }
}

const contactOf = () => runtime.act((deed) => findContact(deed, 'arnsberg', { phone: anna.phone }))

async function proofs() {
  const page = await office()
  const { id } = (await contactOf())!
  const key = await doors.keyFor('admin')
  const path = `/api/v1/channels/arnsberg/subscribers/${id}/proof`
  return {
    page: () => page(`/office/abonnenten/${id}/nachweis`, { reason: 'Beschwerde' }),
    file: async () => (await doors.ask('POST', path, { key, body: { reason: 'Beschwerde' } })).body,
    download: async () => JSON.parse(await page(`/office/abonnenten/${id}/nachweis/datei`, { reason: 'Beschwerde' })),
    overview: () => page('/office'),
    ledger: (form?: Record<string, string>) => page(`/office/einwilligungen${form ? '/pruefen' : ''}`, form),
  }
}

const OWN = 'Die Einträge dieser Person sind unverändert'
const OWN_CHANGED = 'Einträge dieser Person wurden verändert'
const WHOLE = 'Das ganze Verzeichnis war zuletzt am '
const CHANGED = 'Das Verzeichnis wurde verändert'

describe('the proof of one person', () => {
  test('says what was computed now, and when the whole ledger last was; the night does that once', async () => {
    const { page, file } = await proofs()
    expect(await page()).toContain('Das ganze Verzeichnis wurde noch nicht geprüft')
    expect(await file()).toMatchObject({ ledger: null, entries: [{ linked: true }, { linked: true }] })
    expect(await Promise.all([checkLedgersNightly(runtime), checkLedgersNightly(runtime)])).toContain(true)
    expect(await checkLedgersNightly(runtime)).toBe(false)
    const { head } = await verifyChain(runtime, 'arnsberg')
    const shown = await page()
    for (const words of [OWN, '2 Einträge soeben nachgerechnet', `${WHOLE}Mo, 23.11.2026, 10:00`, '5 Einträge', head])
      expect(shown).toContain(words)
    expect(shown).not.toContain('jünger')
    expect((await file()).ledger).toEqual({ checkedAt: '2026-11-23T09:00:00.000Z', entries: 5, head, holds: true })
    runtime.pass(DAY)
    await leaves(runtime, (await contactOf())!)
    const later = await proofs()
    expect(await later.page()).toContain('Davon ist einer jünger als die letzte Prüfung')
    expect(await checkLedgersNightly(runtime)).toBe(true)
    expect(await later.page()).toContain('6 Einträge dieses Kanals geprüft')
  })

  test.each([
    ['a field', "update consents set wording = 'x' where seq = 3"],
    ['the entry before it', 'delete from consents where seq = 2'],
    ['the entry after it', "update consents set source = 'import' where seq = 4"],
    [
      'its message id',
      'update consent_details d set salt = c.hash from consents c where c.id = d.consent_id and c.seq = 3',
    ],
  ])('finds at once what was done to %s', async (_, change) => {
    const { page, file } = await proofs()
    await tamper(change)
    expect(await page()).toContain(OWN_CHANGED)
    const [first, second] = (await file()).entries
    expect(second.intact && second.linked).toBe(false)
    expect(first.intact).toBe(true)
  })

  test('the office takes it along as a file for the reason it stated, which no address carries', async () => {
    const { page, file, download } = await proofs()
    const shown = await page()
    const form = /<form[^>]* action="[^"]*\/nachweis\/datei\?kanal=arnsberg".*?<\/form>/.exec(shown)?.[0]
    expect(form).toContain('<input type="hidden" name="reason" value="Beschwerde"/>')
    expect(/(href|action)="[^"]*Beschwerde/.test(shown)).toBe(false)
    expect(await download()).toEqual(await file())
    const rows = await runtime.sql`
      select detail->>'reason' as reason from audit where action = 'subscriber.proof-read' and target = ${(await contactOf())!.id}`
    expect(rows.map(({ reason }) => reason)).toEqual(['Beschwerde', 'Beschwerde', 'Beschwerde'])
  })

  test('finds at once that its latest entry is no longer the end of the ledger, though nothing follows', async () => {
    const { page } = await proofs()
    await tamper('delete from consents where seq > 3')
    expect(await page()).toContain(OWN_CHANGED)
  })

  test('does not answer for others: what was done to them is found by the walk, and then said everywhere', async () => {
    const { page, overview, ledger } = await proofs()
    await tamper("update consents set topics = '{baustellen}' where seq = 5")
    expect(await page()).toContain(OWN)
    expect(await overview()).not.toContain('wurde verändert')
    await checkLedgersNightly(runtime)
    const shown = await page()
    expect(shown).toContain(OWN)
    expect(shown).toContain(`${CHANGED}</span>`)
    expect(shown).toContain('Ab Eintrag 5 stimmt die Kette nicht mehr')
    expect(await overview()).toContain('Das Verzeichnis der Einwilligungen wurde verändert')
    expect(await ledger()).toContain('Ab Eintrag 5')
    const error = lines.map((line) => JSON.parse(line)).find(({ level }) => level === 'error' || level >= 50)
    expect(error).toMatchObject({ channel: 'arnsberg', seq: 5, why: 'changed' })
  })
})

describe('what a walk ended with is kept', () => {
  const truncate =
    'delete from consents where seq > 4; update consent_heads h set seq = 4, hash = c.hash from consents c where c.seq = 4'

  test('a ledger that was cut off neatly is found by the page and by every later walk', async () => {
    await checkLedger(runtime, 'arnsberg')
    await tamper(truncate)
    expect((await verifyChain(runtime, 'arnsberg')).broken, 'the chain alone cannot tell').toBeNull()
    const { page, file } = await proofs()
    expect(await page()).toContain('sein damaliges Ende steht nicht mehr darin')
    expect((await file()).ledger.holds).toBe(false)
    for (let night = 0; night < 2; night++)
      expect((await checkLedger(runtime, 'arnsberg')).broken).toEqual({ seq: 5, why: 'missing' })
    expect((await walkLedger(runtime, 'arnsberg')).broken, 'for the command line too').not.toBeNull()
  })

  test('a ledger that was written anew as a whole is found, night after night', async () => {
    await checkLedger(runtime, 'arnsberg')
    await tamper(truncate)
    await joins(runtime, 'arnsberg', { name: 'Dora', phone: '+4915112340004' })
    await joins(runtime, 'arnsberg', { name: 'Emil', phone: '+4915112340005' })
    expect((await verifyChain(runtime, 'arnsberg')).broken).toBeNull()
    for (let night = 0; night < 2; night++)
      expect((await checkLedger(runtime, 'arnsberg')).broken).toEqual({ seq: 5, why: 'rewritten' })
  })

  test('what was noted of it outside finds even what also the database knows nothing of', async () => {
    const { entries, head } = await walkLedger(runtime, 'arnsberg')
    const noted = { seq: entries, hash: head }
    expect((await walkLedger(runtime, 'arnsberg', noted)).broken).toBeNull()
    await checkLedger(runtime, 'arnsberg')
    await tamper(`${truncate}; delete from job_runs`)
    expect((await walkLedger(runtime, 'arnsberg', noted)).broken).toEqual({ seq: 5, why: 'missing' })
    await joins(runtime, 'arnsberg', { name: 'Dora', phone: '+4915112340004' })
    await joins(runtime, 'arnsberg', { name: 'Emil', phone: '+4915112340005' })
    expect((await walkLedger(runtime, 'arnsberg')).broken, 'the database alone cannot tell').toBeNull()
    expect((await walkLedger(runtime, 'arnsberg', noted)).broken).toEqual({ seq: 5, why: 'rewritten' })
  })

  test('the button walks at once, and what it found is there for the next look', async () => {
    const { ledger } = await proofs()
    expect(await ledger()).toContain('noch nicht geprüft')
    expect(await ledger({})).toMatch(/role="status".*5 Einträge dieses Kanals geprüft/s)
    expect(await ledger()).toContain(WHOLE)
  })
})
