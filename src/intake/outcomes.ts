import { pauseForCode } from '../broadcasts/running.ts'
import { stopChannel } from '../channels/channels.ts'
import { answered } from '../chats/answers.ts'
import { type Finding, knownByNumberOnly, lockReached, recognise } from '../contacts/contacts.ts'
import { type Known, lookUpAll } from '../contacts/enrol.ts'
import type { Identity } from '../contacts/identity.ts'
import { phoneHash } from '../contacts/ids.ts'
import type { Vault } from '../db/vault.ts'
import type { Consequences } from '../dispatch/aftermath.ts'
import { type CountedReport, recordBroadcastStatuses } from '../dispatch/broadcast-statuses.ts'
import {
  type ChangedRow,
  firstOfEach,
  fold,
  recordStatuses,
  type StatusReport,
  sentAs,
  settleStrays,
} from '../dispatch/statuses.ts'
import { Streak } from '../dispatch/streak.ts'
import { type Deed, inDeed, type Runtime } from '../runtime.ts'
import { followPreference } from '../subscriptions/preference.ts'
import { reasonFor, TOKEN_REFUSED, verdictFor } from '../whatsapp/outcome.ts'
import type { StatusEvent } from '../whatsapp/webhook-events.ts'
import { follow as carryOutFindings } from './identities.ts'

/** What the outcome of one message means beyond it: the same whether Meta says it at once or later by a status. */
export const consequences: Consequences = {
  async pauseBroadcast(deed, broadcastId, errorCode) {
    await pauseForCode(deed, broadcastId, errorCode)
  },
  async stopChannel(deed, channel, errorCode = TOKEN_REFUSED) {
    await stopChannel(deed, channel, String(errorCode), reasonFor(errorCode))
  },
  /** Stopped our marketing messages inside WhatsApp: queued marketing is skipped, their subscription stays theirs. */
  async contactLeft(deed, channel, contactId) {
    await followPreference(deed, channel, new Map([[contactId, deed.now]]), 'stop')
  },
  async answerFailed(deed, outgoingId, errorCode) {
    await answered(deed, [{ id: outgoingId, kind: 'answer', status: 'failed', errorCode: errorCode ?? null }])
  },
}

export type StatusArrival = { channel: string; status: StatusEvent }

/**
 * Carries out status webhooks. What only moves a broadcast's count takes one statement; whatever may mean more (a failure, an answer, a message of somebody
 * else) takes a transaction, so that its consequences are durable with it.
 */
export async function takeStatuses(
  runtime: Pick<Runtime, 'db' | 'sql' | 'vault' | 'now' | 'channels'>,
  arrivals: readonly StatusArrival[],
  refused: Refused = new Map(),
): Promise<void> {
  const reports = arrivals.flatMap((arrival) => reportOf(runtime.vault, arrival) ?? [])
  const counted: CountedReport[] = []
  const slow: StatusReport[] = []
  for (const report of reports) (isCounted(report) ? counted : slow).push(report)
  const { first, rest } = firstOfEach(fold(counted))
  const others = await recordBroadcastStatuses(runtime.sql, first)
  slow.push(...first.filter(({ outgoingId }) => others.has(outgoingId)), ...rest)
  const changed: ChangedRow[] = []
  if (slow.length > 0)
    await inDeed(runtime, async (deed) => {
      await lockReached(
        deed,
        slow.flatMap(({ errorCode, outgoingId }) => (isTheirStop(errorCode) ? (outgoingId ?? []) : [])),
      )
      const rows = await recordStatuses(deed, slow)
      await follow(deed, runtime.channels, rows)
      changed.push(...rows)
    })
  for (const { id, code } of noteRefused(refused, reports, changed))
    await inDeed(runtime, (deed) => consequences.pauseBroadcast(deed, id, code))
  await learnUserIds(runtime, arrivals)
}

/** What statuses told in a row: channel → broadcast → streak. Kept by whoever takes the webhooks of a process. */
export type Refused = Map<string, Map<string, Streak>>

/** The broadcasts of which errors of one code came so often in a row that they are about all. What changed nothing, such as a repeat, does not count. */
function noteRefused(
  refused: Refused,
  reports: readonly StatusReport[],
  changed: readonly ChangedRow[],
): { id: string; code: number }[] {
  const rows = new Map(changed.map((row) => [row.id, row]))
  const aboutAll: { id: string; code: number }[] = []
  for (const { channel, state, outgoingId } of reports) {
    if (state !== 'failed') {
      refused.delete(channel)
      continue
    }
    const { broadcastId = null, errorCode = null } = rows.get(outgoingId!) ?? {}
    rows.delete(outgoingId!)
    if (broadcastId === null || errorCode === null) continue
    const streaks = refused.get(channel) ?? new Map<string, Streak>()
    refused.set(channel, streaks)
    const streak = streaks.get(broadcastId) ?? new Streak()
    streaks.set(broadcastId, streak)
    if (!streak.note(errorCode)) continue
    streaks.delete(broadcastId)
    aboutAll.push({ id: broadcastId, code: errorCode })
  }
  return aboutAll
}

/**
 * A delivery tells the user id of somebody whom we know by number only: without it, a later STOP that comes without a number would be a stranger's. Only
 * for a message of ours, and only if it says the number that we have.
 */
async function learnUserIds(
  runtime: Pick<Runtime, 'db' | 'sql' | 'vault' | 'now' | 'channels'>,
  arrivals: readonly StatusArrival[],
): Promise<void> {
  const told = new Map<number, StatusArrival>()
  for (const arrival of arrivals) {
    const { state, recipient, callbackData, groupId } = arrival.status
    if (state !== 'delivered' || groupId !== undefined || !recipient.userId || !recipient.phone) continue
    const { outgoingId: id } = sentAs(callbackData)
    if (id !== undefined) told.set(id, arrival)
  }
  const people = new Map<string, Identity[]>()
  for (const [id, hash] of await knownByNumberOnly(runtime.sql, [...told.keys()])) {
    const { channel, status } = told.get(id)!
    const { phone, userId } = status.recipient
    if (phoneHash(runtime.vault, phone!).toString('hex') !== hash) continue
    people.set(channel, [...(people.get(channel) ?? []), { phone, userId }])
  }
  for (const [channel, identities] of people) {
    await inDeed(runtime, async (deed) => {
      // Whoever was erased between the two looks is not created anew.
      const known = await lookUpAll(deed, channel, identities)
      const stillThere = identities.filter(({ phone }, i) => hasNumber(known[i]!, phone))
      const findings: Finding[] = []
      await recognise(
        deed,
        channel,
        stillThere.map((identity) => ({ identity })),
        findings,
      )
      await carryOutFindings(deed, runtime.channels.get(channel)!, findings)
    })
  }
}

const hasNumber = (known: Known, phone: string | undefined): boolean =>
  known.is === 'two-people' || (known.is === 'contact' && known.contact.phone === phone)

function reportOf(vault: Vault, { channel, status }: StatusArrival): StatusReport | null {
  if (status.state === 'unknown' || status.groupId !== undefined) return null
  return {
    channel,
    wamidHash: vault.fingerprint('wamid', status.wamid),
    ...sentAs(status.callbackData),
    state: status.state === 'played' ? 'read' : status.state,
    at: status.at,
    errorCode: codeOf(status),
    pricing: status.pricing,
  }
}

/** What fits a column; anything else is no code of Meta's. */
function codeOf({ error }: StatusEvent): number | undefined {
  const code = error?.code
  return code !== undefined && Number.isInteger(code) && Math.abs(code) < 2 ** 31 ? code : undefined
}

const isCounted = (report: StatusReport): report is CountedReport =>
  report.state !== 'failed' && report.outgoingId !== undefined

/** They stopped our marketing messages inside WhatsApp. */
const isTheirStop = (code: number | undefined): boolean => code !== undefined && verdictFor({ code }) === 'contact-left'

/** Tries the statuses again that came before their message was known. */
export async function takeStrays(deed: Deed, channels: Runtime['channels']): Promise<void> {
  await follow(deed, channels, await settleStrays(deed))
}

async function follow(deed: Deed, channels: Runtime['channels'], rows: readonly ChangedRow[]): Promise<void> {
  await answered(deed, rows)
  const failed = rows.filter((row) => row.status === 'failed' && row.errorCode !== null)
  const told = new Set<string>()
  const left = new Map<string, Map<string, Date>>()
  for (const { channel, errorCode, broadcastId, contactId, at } of failed) {
    const code = errorCode!
    const verdict = verdictFor({ code })
    if (isTheirStop(code) && contactId !== null) left.set(channel, (left.get(channel) ?? new Map()).set(contactId, at))
    const isAboutAll = verdict === 'broadcast' || verdict === 'payload'
    if (isAboutAll && broadcastId !== null && !told.has(broadcastId)) {
      told.add(broadcastId)
      await consequences.pauseBroadcast(deed, broadcastId, code)
    }
    if (verdict === 'channel' && !told.has(channel)) {
      told.add(channel)
      await consequences.stopChannel(deed, channel, code)
    }
  }
  // Last, and together: the lock on the ledger's end comes after all others.
  for (const slug of [...left.keys()].sort()) {
    const channel = channels.get(slug)
    if (channel) await followPreference(deed, channel, left.get(slug)!, 'stop')
  }
}
