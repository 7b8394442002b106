import { Refusal, type RefusalCode } from '../refusal.ts'
import { type Deed, inDeed, type Runtime } from '../runtime.ts'
import type { Target } from '../whatsapp/client.ts'
import type { Channel } from './channel.ts'
import { type StoredTemplate, storeTemplates, type TemplateChange, templatesOf } from './template-store.ts'

/** The channel's number and token, as the Graph API wants them. */
export const targetOf = ({ whatsapp }: Pick<Channel, 'whatsapp'>): Target => ({
  phoneNumberId: whatsapp.phoneNumberId,
  businessAccountId: whatsapp.businessAccountId,
  accessToken: whatsapp.accessToken.reveal(),
})

export type Synced = { templates: StoredTemplate[]; changes: TemplateChange[] }

/**
 * Reads Meta's list of a channel's templates and keeps it; Meta is asked before the transaction begins.
 * @param onChanges carries out what changes mean to others, in the same deed
 * @throws Refusal `meta-refused` with Meta's reason, or `meta-away`
 */
export async function syncTemplates(
  runtime: Pick<Runtime, 'db' | 'vault' | 'now' | 'whatsapp'>,
  channel: Channel,
  onChanges?: (deed: Deed, channel: string, changes: TemplateChange[]) => Promise<unknown>,
): Promise<Synced> {
  const answer = await runtime.whatsapp.listTemplates(targetOf(channel))
  if (!answer.ok) throw refusalOf(answer)
  return inDeed(runtime, async (deed) => {
    const changes = await storeTemplates(deed, channel.slug, answer.value)
    if (changes.length > 0) await onChanges?.(deed, channel.slug, changes)
    return { templates: await templatesOf(deed, channel.slug), changes }
  })
}

/** What to say when Meta gave no answer or a refusal. The code and Meta's own words help whoever looks after the account. */
export function refusalOf(answer: {
  verdict: string
  error?: { code?: number; title?: string; forPeople?: string; details?: string }
}): Refusal {
  const away = ['retry', 'unknown', 'not-sent', 'slow-down'].includes(answer.verdict)
  const code: RefusalCode = away ? 'meta-away' : 'meta-refused'
  const { error } = answer
  const words = error?.forPeople ?? error?.details ?? error?.title
  if (away || words === undefined) return new Refusal(code)
  const number = error?.code === undefined ? '' : ` (${error.code})`
  return new Refusal(code, [], { detail: `WhatsApp hat die Anfrage abgelehnt${number}: ${words}` })
}
