import { COMMAND } from '../../src/audit/audit.ts'
import { approve, submit } from '../../src/broadcasts/approval.ts'
import { draft } from '../../src/broadcasts/drafts.ts'
import { testSend } from '../../src/broadcasts/test-send.ts'
import { checkNumber } from '../../src/channels/number-check.ts'
import { type Counts, countStates } from '../../src/dispatch/queue.ts'
import type { Send } from '../../src/emulator/sends.ts'
import { ROADWORKS } from './newsroom.ts'
import { phoneOf, populate } from './population.ts'
import { eventually, openStack, type Stack } from './stack.ts'

const writer = { ...COMMAND, id: 'key:anna' }
const approver = { ...COMMAND, id: 'key:bernd' }
let people = 0

/** Arnsberg's whole service beside an emulator, for stories about broadcasts on their way. */
export async function openDispatchDesk(perSecond: number) {
  const stack: Stack = await openStack({
    perSecond,
    emulator: { statusDelaysMs: { sent: 10, delivered: 25, read: 40 } },
  })
  const arnsberg = () => stack.channel('arnsberg')
  const numberId = arnsberg().whatsapp.phoneNumberId
  const sendsTo = (phone: string, since = 0): Send[] =>
    stack.emulator.sends(since).filter((send) => send.recipient === phone.slice(1))
  const counts = async (id: string): Promise<Counts> =>
    (await stack.runtime.act((deed) => countStates(deed, [id]))).get(id)!
  const broadcast = async (id: string) => {
    const [row] = await stack.runtime.sql<{ status: string; paused_reason: string | null }[]>`
      select status, paused_reason from broadcasts where id = ${id}`
    return row!
  }
  /** As Meta says it, and as we read it now: the service asks again every minute. */
  const limitTo = async (dailyTier: string): Promise<void> => {
    stack.emulator.changeAccount(numberId, { dailyTier })
    await checkNumber(stack.runtime, arnsberg())
  }
  const drafted = (): Promise<string> =>
    stack.runtime.act(async (deed) => {
      const { id } = await draft(deed, writer, arnsberg(), ROADWORKS)
      return id
    })
  return {
    ...stack,
    limitTo,
    drafted,
    testTo: (id: string, phone: string) => stack.runtime.act((deed) => testSend(deed, writer, arnsberg(), id, phone)),
    arnsberg,
    numberId,
    sendsTo,
    counts,
    broadcast,
    /** Everybody leaves for a new story, and so many others join. Answers with their numbers, in the order in which they will be written to. */
    async audience(count: number): Promise<string[]> {
      stack.emulator.clearFaults()
      stack.emulator.changeAccount(numberId, { accessToken: arnsberg().whatsapp.accessToken.reveal() })
      // What a story that went wrong left behind must not spoil the next one.
      await stack.runtime.sql`
        update broadcasts set status = 'cancelled', finished_at = now() where status in ('starting', 'sending', 'paused')`
      await stack.runtime.sql`delete from subscriptions`
      await stack.runtime.sql`update channels set stopped_at = null`
      await limitTo('TIER_UNLIMITED')
      const from = people
      people += count
      await populate(stack.runtime, 'arnsberg', count, from)
      return Array.from({ length: count }, (_, i) => phoneOf(from + i))
    },
    /** A broadcast to all of them, written by one and approved by another, due now. */
    async publish(): Promise<string> {
      const id = await drafted()
      await stack.runtime.act(async (deed) => {
        await submit(deed, writer, arnsberg(), id)
        await approve(deed, approver, arnsberg(), id, { overdueToleranceMs: 3_600_000 })
      })
      return id
    },
    untilCounts: (id: string, check: (counts: Counts) => boolean, withinMs = 15_000) =>
      eventually(async () => check(await counts(id)), withinMs).catch(async (error) => {
        throw new Error(`${(error as Error).message}: ${JSON.stringify(await counts(id))}`)
      }),
    untilDone: (id: string, withinMs = 20_000) =>
      eventually(async () => (await broadcast(id)).status === 'done', withinMs),
    rowOf: async (id: string, phone: string) => {
      const hash = stack.runtime.vault.fingerprint('phone', phone)
      const [row] = await stack.runtime.sql<
        { id: string; status: string; attempts: number; error_code: number | null; has_wamid: boolean }[]
      >`select o.id, o.status, o.attempts, o.error_code, o.wamid_hash is not null as has_wamid
        from outgoing o join contacts c on c.id = o.contact_id where o.broadcast_id = ${id} and c.phone_hash = ${hash}`
      return row!
    },
    /** A status webhook of Meta's about a send that the emulator took. */
    report: (send: Send, state: string) =>
      stack.emulator.postWebhook({
        object: 'whatsapp_business_account',
        entry: [
          {
            id: arnsberg().whatsapp.businessAccountId,
            changes: [
              {
                field: 'messages',
                value: {
                  messaging_product: 'whatsapp',
                  metadata: { display_phone_number: '492932201100', phone_number_id: numberId },
                  statuses: [
                    {
                      id: send.wamid,
                      status: state,
                      timestamp: String(Math.floor(Date.now() / 1000)),
                      recipient_id: send.recipient,
                      biz_opaque_callback_data: send.callbackData,
                    },
                  ],
                },
              },
            ],
          },
        ],
      }),
  }
}

export type DispatchDesk = Awaited<ReturnType<typeof openDispatchDesk>>
