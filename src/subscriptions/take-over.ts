import { and, inArray } from 'drizzle-orm'
import { allIdHashesOf, enrol, hashesOf, type Known, lookUpAll } from '../contacts/enrol.ts'
import { noteFormer } from '../contacts/ids.ts'
import { noticesOf } from '../contacts/notices.ts'
import { subscriptions } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import type { Offering } from './consents.ts'
import type { Stated } from './import-line.ts'
import { importSource } from './source.ts'
import { join, type Wish } from './subscriptions.ts'
import { STOPPED_ADVERTISING, type Suppression, suppressAll, suppressedAmong, takeTurn } from './suppressions.ts'
import { noNotice } from './unite.ts'

/** What became (or would become) of one stated consent. */
export type Outcome = 'added' | 'already-subscribed' | Declined
export type Declined = keyof typeof DECLINED

/** Why somebody is not taken over, whatever the file says. */
export const DECLINED = {
  'left-before': 'said no to this here before: only they themselves can join again',
  erased: 'was erased, dropped or signed off: only they themselves can join again',
  'stopped-in-whatsapp': 'stopped messages of this channel inside WhatsApp',
  'number-given-up': 'the number or id leads to somebody who goes by another one now',
  'two-people': 'number and user id belong to two people',
} as const

/**
 * Takes over consents that were given elsewhere, set-based: who is new becomes a contact with a subscription and its proof. Nobody who ever said no here,
 * was erased or is subscribed already is touched, so doing it twice changes nothing. The contacts are locked, so a STOP that arrives meanwhile comes
 * before or after all of this. With `apply: false` it only tells.
 * @param stated at most one per person and offering, each person by the same ids
 */
export async function takeOver(
  deed: Deed,
  channel: string,
  stated: readonly Stated[],
  { apply }: { apply: boolean },
): Promise<Outcome[]> {
  if (apply) await takeTurn(deed, channel, 'list')
  for (;;) {
    const known = await lookUpAll(deed, channel, stated)
    const outcomes = await judge(deed, channel, stated, known)
    if (!apply) return outcomes
    const added = stated.flatMap((one, i) => (outcomes[i] === 'added' ? [{ one, known: known[i]! }] : []))
    const strangers = new Map(
      added.flatMap(({ one, known }) => (known.is === 'nobody' ? [[keyOf(one), one] as const] : [])),
    )
    const born = await enrol(deed, channel, [...strangers.values()])
    if (born === null) continue // somebody wrote to us at this moment
    const contactOf = new Map([...strangers.keys()].map((key, i) => [key, born[i]!]))
    await noteFormer(deed, channel, otherIds(deed, stated, known))
    await suppressAll(deed, channel, await otherNoes(deed, channel, stated, known, outcomes))
    // The ledger comes last, since all wait for its end.
    await join(
      deed,
      added.map(({ one, known }): Wish => {
        const contact = known.is === 'contact' ? known.contact : contactOf.get(keyOf(one))!
        const { offering, topics, at, wording, noticeVersion } = one
        const proof = { offering, topics, at, wording, noticeVersion, source: importSource(one.source) }
        return { channel, contactId: contact.id, subject: contact.subject, ...proof }
      }),
    )
    return outcomes
  }
}

/**
 * What a list says of people beyond the ids that we know: nothing is sent there, since only they themselves can tell, but a no from there is theirs, as from an
 * id of former days, and theirs keeps that id away from other lists.
 */
const otherIds = (
  deed: Deed,
  stated: readonly Stated[],
  known: readonly Known[],
): { idHash: Buffer; contactId: string }[] =>
  stated.flatMap((one, i) => {
    const who = known[i]!
    if (who.is !== 'contact') return []
    const own = new Set(hashesOf(deed, who.contact).map((hash) => hash.toString('hex')))
    const others = hashesOf(deed, one).filter((hash) => !own.has(hash.toString('hex')))
    return others.map((idHash) => ({ idHash, contactId: who.contact.id }))
  })

/** Of people whom nobody knows but by their no, the list says another id: their no counts under that one, too. */
async function otherNoes(
  deed: Deed,
  channel: string,
  stated: readonly Stated[],
  known: readonly Known[],
  outcomes: readonly Outcome[],
): Promise<(Suppression & { idHash: Buffer })[]> {
  const people = stated
    .filter((_, i) => known[i]!.is === 'nobody' && outcomes[i] === 'erased')
    .map((one) => hashesOf(deed, one))
  const noted = await suppressedAmong(deed, channel, people.flat())
  return people.flatMap((ids) => {
    const noes = ids
      .flatMap((id) => noted.get(id.toString('hex')) ?? [])
      .filter(({ reason }) => reason !== STOPPED_ADVERTISING)
    if (noes.length === ids.length) return []
    const no = noes.reduce((one, other) => (one.at > other.at ? one : other))
    return ids.map((idHash) => ({ ...no, idHash }))
  })
}

const keyOf = ({ phone, userId }: Stated) => `${phone ?? ''} ${userId ?? ''}`

async function judge(
  deed: Deed,
  channel: string,
  stated: readonly Stated[],
  known: readonly Known[],
): Promise<Outcome[]> {
  const people = known.flatMap((one) => (one.is === 'contact' ? [one.contact] : []))
  const ids = people.map(({ id }) => id)
  // A no counts under whichever of their ids it was said.
  const theirs = await allIdHashesOf(deed, people)
  const hashes = stated.map((one, i) => {
    const who = known[i]!
    return [...hashesOf(deed, one), ...(who.is === 'contact' ? theirs.get(who.contact.id)! : [])]
  })
  const suppressed = await suppressedAmong(deed, channel, hashes.flat())
  const states = await statesOf(deed, ids)
  const notices = await noticesOf(deed, ids)
  return stated.map(({ offering }, i): Outcome => {
    const who = known[i]!
    if (who.is === 'two-people') return 'two-people'
    if (who.is === 'former') return 'number-given-up'
    if (who.is === 'contact') {
      const { contact } = who
      const state = states.get(`${contact.id} ${offering}`)
      if (state === 'active') return 'already-subscribed'
      if (state === 'left' || notices.get(contact.id)?.has(noNotice(offering))) return 'left-before'
      if (offering === 'info' && contact.marketingStoppedAt) return 'stopped-in-whatsapp'
    }
    const reasons = hashes[i]!.flatMap((hash) => suppressed.get(hash.toString('hex'))?.reason ?? [])
    if (reasons.some((reason) => reason !== STOPPED_ADVERTISING)) return 'erased'
    return reasons.length > 0 && offering === 'info' ? 'stopped-in-whatsapp' : 'added'
  })
}

async function statesOf(deed: Deed, contactIds: readonly string[]): Promise<Map<string, 'active' | 'left'>> {
  const states = new Map<string, 'active' | 'left'>()
  if (contactIds.length === 0) return states
  const rows = await deed.tx
    .select({ contactId: subscriptions.contactId, offering: subscriptions.offering, leftAt: subscriptions.leftAt })
    .from(subscriptions)
    .where(and(inArray(subscriptions.contactId, [...contactIds])))
  for (const { contactId, offering, leftAt } of rows) {
    const key = `${contactId} ${offering satisfies Offering}`
    if (leftAt === null) states.set(key, 'active')
    else if (!states.has(key)) states.set(key, 'left')
  }
  return states
}
