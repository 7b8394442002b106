import { sql } from 'drizzle-orm'
import type { Channel } from '../channels/channel.ts'
import { answeredSince } from '../chats/answers.ts'
import { openChatsOf } from '../chats/chats.ts'
import { opensWindow } from '../chats/window.ts'
import { type Contact, type Finding, recognise } from '../contacts/contacts.ts'
import { noticesOf } from '../contacts/notices.ts'
import { releaseAnswers } from '../dispatch/held-answers.ts'
import type { Deed } from '../runtime.ts'
import { activeOfferings } from '../subscriptions/subscriptions.ts'
import type { MessageEvent } from '../whatsapp/webhook-events.ts'
import { carryOut } from './carry-out.ts'
import { type Decision, decide } from './decide.ts'
import { follow } from './identities.ts'
import { ERASE_ASK, ERASE_OVERTAKEN, ERASE_QUESTION_MS, type Occasion, type Place } from './occasion.ts'
import { leftSince, toldBy, withoutErased } from './overtaken.ts'

/** A citizen's message with the channel it was written to. */
export type Arrival = { channel: Channel; message: MessageEvent }

/** Changes of what is known about somebody, made one after the other in one transaction. The rest is left for the next one, so that nobody waits for it. */
const MOST_ROUNDS = 4

/**
 * Carries out what citizens wrote, in the order given, in one transaction: seen before? → who is it → what does it ask for → do it. Messages of different
 * people share their statements, and so do those of one person that change nothing about what the next one means; others are taken one after the other.
 * Repeats have no effect. Answers with what is left for another transaction.
 */
export async function takeMessages(
  deed: Deed,
  arrivals: readonly Arrival[],
  place: Place = { publicUrl: '' },
): Promise<readonly Arrival[]> {
  const waiting = new Map<Channel, Arrival[]>()
  for (const arrival of await unseen(deed, arrivals)) {
    waiting.set(arrival.channel, [...(waiting.get(arrival.channel) ?? []), arrival])
  }
  const left: Arrival[] = []
  for (const [channel, messages] of waiting) {
    let rest: readonly Arrival[] = messages
    for (let round = 0; rest.length > 0 && round < MOST_ROUNDS; round++)
      rest = await takeRound(deed, channel, await withoutErased(deed, channel, rest, toldBy), place)
    left.push(...rest)
  }
  await forget(deed, left)
  return left
}

/** Notes the message ids and answers with the messages that were not noted before. Sorted, so that parallel batches do not wait in a circle. */
async function unseen(deed: Deed, arrivals: readonly Arrival[]): Promise<Arrival[]> {
  const byKey = new Map<string, Arrival>()
  for (const arrival of arrivals) {
    if (arrival.message.groupId !== undefined) continue
    const key = `${arrival.channel.slug} ${wamidKey(deed, arrival.message)}`
    if (!byKey.has(key)) byKey.set(key, arrival)
  }
  if (byKey.size === 0) return []
  const keys = [...byKey.keys()].sort().map((key) => {
    const [channel, hash] = key.split(' ')
    return { c: channel, k: hash }
  })
  const fresh = await deed.tx.execute<{ c: string; k: string }>(sql`
    insert into received (channel, key, at)
    select c, decode(k, 'hex'), ${deed.now.toISOString()}::timestamptz from jsonb_to_recordset(${JSON.stringify(keys)}::jsonb) as r(c text, k text)
    on conflict do nothing returning channel as c, encode(key, 'hex') as k`)
  const isFresh = new Set(fresh.map(({ c, k }) => `${c} ${k}`))
  return [...byKey].filter(([key]) => isFresh.has(key)).map(([, arrival]) => arrival)
}

const wamidKey = (deed: Deed, message: MessageEvent) => deed.vault.fingerprint('wamid', message.id).toString('hex')

/** These were not carried out after all. */
async function forget(deed: Deed, arrivals: readonly Arrival[]): Promise<void> {
  if (arrivals.length === 0) return
  const keys = arrivals.map(({ channel, message }) => ({ c: channel.slug, k: wamidKey(deed, message) }))
  await deed.tx.execute(sql`
    delete from received r using jsonb_to_recordset(${JSON.stringify(keys)}::jsonb) as f(c text, k text)
    where r.channel = f.c and r.key = decode(f.k, 'hex')`)
}

/** Decisions after which the same person's next message means what it would have meant before. */
const CHANGES_NOTHING: ReadonlySet<Decision['do']> = new Set([
  ...(['ignore', 'help', 'status', 'disclose', 'unchanged', 'no-such-offering', 'ask-back'] as const),
  ...(['greet', 'opt-in-ask', 'chat', 'refuse-type', 'topics'] as const),
])

/**
 * Takes of each person the first waiting message, and those behind it as long as nothing changes; answers with the others. Whoever is known by several ids
 * may stand under each of them.
 */
async function takeRound(deed: Deed, channel: Channel, waiting: readonly Arrival[], place: Place): Promise<Arrival[]> {
  const arrivals = waiting.filter(({ message: { from } }) => from.userId !== undefined || from.phone !== undefined)
  if (arrivals.length === 0) return []
  const findings: Finding[] = []
  const contacts = await recognise(
    deed,
    channel.slug,
    arrivals.map(({ message }) => ({ identity: message.from, at: opensWindow(message) ? message.at : undefined })),
    findings,
  )
  if (findings.length > 0) await follow(deed, channel, findings)
  for (const finding of findings) {
    if (finding.is !== 'same-person') continue
    const whole = contacts.find(({ id }) => id === finding.contactId)!
    for (const [i, { id }] of contacts.entries()) if (id === finding.otherId) contacts[i] = whole
  }
  const ids = [...new Set(contacts.map((contact) => contact.id))]
  const known = await standingOf(deed, ids)
  const occasions: Occasion[] = []
  const changed = new Set<string>()
  const writing = new Set<string>()
  const later: Arrival[] = []
  for (const [i, arrival] of arrivals.entries()) {
    const contact: Contact = contacts[i]!
    const { message } = arrival
    if (changed.has(contact.id)) {
      later.push(arrival)
      continue
    }
    const { active, chatId, lines, erase } = known.get(contact.id) ?? NOTHING_KNOWN
    const chatOpen = chatId !== null || writing.has(contact.id)
    const decision = decide(message, {
      channel,
      subscribed: new Set(active.map(({ offering }) => offering)),
      topics: active.find(({ offering }) => offering === 'info')?.topics ?? null,
      chatOpen,
      leftSince: leftSince(message, lines),
      erasePending: erase !== 'not asked',
      eraseOvertaken: erase === 'overtaken',
    })
    if (!CHANGES_NOTHING.has(decision.do)) {
      changed.add(contact.id)
      // Its effects come before those of the chat in one round: what was written before goes first.
      if (occasions.some((one) => one.contact.id === contact.id)) {
        later.push(arrival)
        continue
      }
    }
    if (decision.do === 'chat') writing.add(contact.id)
    occasions.push({ message, contact, decision, active, chatId, chatOpen, lines })
  }
  await carryOut(deed, channel, occasions, place)
  // Whatever they write, a waiting answer may go out now; what goes to the chat has seen to that itself.
  const elsewhere = occasions.filter((one) => one.chatId && one.decision.do !== 'chat' && opensWindow(one.message))
  await releaseAnswers(deed, [...new Set(elsewhere.map(({ contact }) => contact.id))])
  return later
}

type Standing = Pick<Occasion, 'active' | 'chatId' | 'lines'> & { erase: 'not asked' | 'asked' | 'overtaken' }
const NOTHING_KNOWN: Standing = { active: [], chatId: null, lines: new Map(), erase: 'not asked' }

async function standingOf(deed: Deed, ids: readonly string[]): Promise<Map<string, Standing>> {
  const subscriptions = await activeOfferings(deed, ids)
  const chats = await openChatsOf(deed, ids)
  const notices = await noticesOf(deed, ids)
  const asked = new Map(
    [...notices].flatMap(([id, lines]) => {
      const at = lines.get(ERASE_ASK)
      return at && deed.now.getTime() - at.getTime() < ERASE_QUESTION_MS ? [[id, at] as const] : []
    }),
  )
  const answered = await answeredSince(deed, asked)
  return new Map(
    ids.map((id) => {
      const lines = notices.get(id) ?? NOTHING_KNOWN.lines
      const overtaken = lines.has(ERASE_OVERTAKEN) || answered.has(id)
      return [
        id,
        {
          active: subscriptions.get(id) ?? [],
          chatId: chats.get(id)?.id ?? null,
          lines,
          erase: !asked.has(id) ? 'not asked' : overtaken ? 'overtaken' : 'asked',
        },
      ]
    }),
  )
}
