import { type Actor, record } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import type { StoredTemplate } from '../channels/template-store.ts'
import { refusalOf, syncTemplates, targetOf } from '../channels/template-sync.ts'
import { Refusal } from '../refusal.ts'
import { type Deed, inDeed, type Runtime } from '../runtime.ts'
import { type TemplateDraft, validateTemplate } from '../whatsapp/template-rules.ts'

type Parts = Pick<Runtime, 'db' | 'vault' | 'now' | 'whatsapp'>
type OnChanges = Parameters<typeof syncTemplates>[2]

/**
 * Hands a new template, or new words for an existing one, to Meta for approval, and reads Meta's list again. Refuses with everything that is wrong before
 * Meta is asked, and with Meta's own words if it refuses.
 */
export async function submitTemplate(
  runtime: Parts,
  actor: Actor,
  channel: Channel,
  template: TemplateDraft,
  known: StoredTemplate | null,
  onChanges?: OnChanges,
): Promise<void> {
  const problems = validateTemplate(template)
  if (problems.length > 0) throw new Refusal('invalid-input', problems)
  const target = targetOf(channel)
  const { category, components } = template
  const answer = known?.metaId
    ? await runtime.whatsapp.editTemplate(target, known.metaId, {
        components,
        ...(known.status === 'APPROVED' ? {} : { category }),
      })
    : await runtime.whatsapp.createTemplate(target, template)
  if (!answer.ok) throw refusalOf(answer)
  await inDeed(runtime, (deed: Deed) =>
    record(deed, actor, {
      action: known ? 'template.edited' : 'template.submitted',
      channel: channel.slug,
      detail: { name: template.name, language: template.language },
    }),
  )
  await syncTemplates(runtime, channel, onChanges)
}
