import { replyText } from '../../src/channels/replies.ts'
import { REPLY_KEYS } from '../../src/channels/reply-keys.ts'
import type { WebhookDesk } from './webhook-desk.ts'

/** What a webhook left behind, in words: one per thing that is there now and was not before. */
export async function effectsOf(desk: WebhookDesk, act: () => Promise<unknown>): Promise<string[]> {
  const before = await everything(desk)
  await act()
  const after = await everything(desk)
  const left = [...before]
  return after.filter((line) => {
    const i = left.indexOf(line)
    if (i >= 0) left.splice(i, 1)
    return i < 0
  })
}

async function everything(desk: WebhookDesk): Promise<string[]> {
  const { sql, channel } = desk
  const texts = REPLY_KEYS.map((key) => [key, replyText(channel, key)] as const)
  const keyOf = (words: string) => texts.find(([, text]) => text === words || words.startsWith(text))?.[0] ?? 'other'
  const [held] = await sql<{ n: number }[]>`select count(*)::int as n from held_messages`
  const templates =
    await sql`select name, language, status, category, quality from templates where channel = ${channel.slug}`
  const [state] = await sql`select stopped_reason, daily_limit from channels where slug = ${channel.slug}`
  const contacts =
    await sql`select id, marketing_stopped_at is not null as stopped, phone_hash from contacts order by created_at`
  return [
    ...(await desk.ledger()).map(({ offering, action, source }) =>
      source === 'user-preferences' ? `proof of marketing ${action}` : `${action} ${offering}`,
    ),
    ...(await desk.queue('inbox')).map((event) =>
      event.type === 'chat.message.received'
        ? `inbox ${event.data.message.type}: ${event.data.message.text ?? '–'}`
        : `inbox ${event.type}`,
    ),
    ...(await desk.replies()).map((words) => `reply ${keyOf(words)}`),
    ...Array<string>(held!.n).fill('held'),
    ...(await desk.events()).map(({ kind, severity }) => `event ${kind} ${severity}`),
    ...templates.map((one) => `template ${one.name} ${one.status} ${one.category} ${one.quality}`),
    ...(state?.stopped_reason ? [`channel stopped: ${state.stopped_reason}`] : []),
    ...(state?.daily_limit === null ? [] : [`daily limit ${state?.daily_limit}`]),
    ...contacts.filter(({ stopped }) => stopped).map(() => 'marketing stopped'),
    ...(await sql`select status, error_code, pricing_category from outgoing where wamid_hash is not null`).map((row) =>
      `message ${row.status} ${row.error_code ?? ''} ${row.pricing_category ?? ''}`.trim(),
    ),
    ...(await sql`select status from stray_statuses`).map((row) => `stray ${row.status}`),
  ]
}
