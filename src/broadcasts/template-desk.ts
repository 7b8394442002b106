import { type Actor, record } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import type { StoredTemplate } from '../channels/template-store.ts'
import { refusalOf, syncTemplates, targetOf } from '../channels/template-sync.ts'
import { type Problem, Refusal } from '../refusal.ts'
import { type Deed, inDeed, type Runtime } from '../runtime.ts'
import { type TemplateDraft, validateTemplate } from '../whatsapp/template-rules.ts'
import { pictureType, uploadKind } from '../whatsapp/uploads.ts'

type Parts = Pick<Runtime, 'db' | 'vault' | 'now' | 'whatsapp'>
type OnChanges = Parameters<typeof syncTemplates>[2]
/** The example of a picture above the text; Meta's reviewers see it, citizens get that of the broadcast. */
export type Picture = { data: Uint8Array; filename: string }

/** The same template with the example of its picture; Meta's handle for it stands where `validateTemplate` looks. */
export const withExample = (template: TemplateDraft, handle: string): TemplateDraft => ({
  ...template,
  components: template.components.map((component) =>
    component.type === 'HEADER' && component.format === 'IMAGE'
      ? { ...component, example: { header_handle: [handle] } }
      : component,
  ),
})

/** What is wrong with an example picture, in German; undefined: WhatsApp takes it. */
export function wrongPicture({ mimeType, bytes }: { mimeType: string | null; bytes: number }): string | undefined {
  const known = mimeType === null ? null : uploadKind(mimeType)
  if (known?.kind !== 'image') return 'Das Bild muss eine JPEG- oder PNG-Datei sein.'
  return bytes > known.mostBytes ? `Das Bild darf höchstens ${known.mostBytes / 2 ** 20} MB groß sein.` : undefined
}

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
  { picture, onChanges }: { picture?: Picture; onChanges?: OnChanges } = {},
): Promise<void> {
  const problems = [
    ...validateTemplate(picture ? withExample(template, 'not uploaded yet') : template),
    ...(picture ? problemsOf(picture) : []),
  ]
  if (problems.length > 0) throw new Refusal('invalid-input', problems)
  const target = targetOf(channel)
  const { category, components } = picture ? await uploaded(runtime, channel, template, picture) : template
  const answer = known?.metaId
    ? await runtime.whatsapp.editTemplate(target, known.metaId, {
        components,
        ...(known.status === 'APPROVED' ? {} : { category }),
      })
    : await runtime.whatsapp.createTemplate(target, { ...template, components })
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

function problemsOf({ data }: Picture): Problem[] {
  const message = wrongPicture({ mimeType: pictureType(data), bytes: data.byteLength })
  return message === undefined ? [] : [{ field: 'picture', message }]
}

async function uploaded(
  { whatsapp }: Parts,
  channel: Channel,
  template: TemplateDraft,
  { data, filename }: Picture,
): Promise<TemplateDraft> {
  const answer = await whatsapp.uploadExample(targetOf(channel), { data, mimeType: pictureType(data)!, filename })
  if (!answer.ok) throw refusalOf(answer)
  return withExample(template, answer.value.handle)
}
