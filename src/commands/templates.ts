import { COMMAND, record } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { type StoredTemplate, templatesOf } from '../channels/template-store.ts'
import { refusalOf, syncTemplates, targetOf } from '../channels/template-sync.ts'
import { templatesChanged } from '../intake/notices.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import type { WhatsappClient } from '../whatsapp/client.ts'
import type { RemoteTemplate } from '../whatsapp/management.ts'
import { compareTemplate, readTemplates } from '../whatsapp/template-files.ts'
import type { TemplateDraft } from '../whatsapp/template-rules.ts'
import { CannotDo, type Io, parse, type Run, WrongUsage } from './command.ts'
import { channelsFrom, commandLog, officeSettingsFrom, openRuntime } from './open.ts'

const VERBS = ['push', 'pull', 'list'] as const

/**
 * `templates push CHANNEL` submits what is new or changed in the template files, `pull` reads back what Meta says, `list` shows what we last read.
 */
export const run: Run = async ([verb, ...args], io) => {
  if (!VERBS.some((one) => one === verb))
    throw new WrongUsage(verb === undefined ? 'Something is missing.' : `Unknown: templates ${verb}`)
  const [slug] = parse(args, {}, { least: 1, most: 1 }).words
  const settings = officeSettingsFrom(io.env)
  const channels = channelsFrom(settings.channelsDir, io.env)
  const channel = channels.get(slug!)
  if (!channel) throw new CannotDo(`There is no channel "${slug}". Known: ${[...channels.keys()].join(', ')}.`)
  const drafts = verb === 'push' ? await draftsIn(settings.templatesDir) : []
  const runtime = await openRuntime(settings, channels, commandLog(io.err))
  try {
    const refused = verb === 'push' ? await push(runtime, channel, drafts, io) : 0
    const templates =
      verb === 'list'
        ? await inDeed(runtime, (deed) => templatesOf(deed, channel.slug))
        : (await syncTemplates(runtime, channel, (deed, _, changes) => templatesChanged(deed, channel, changes)))
            .templates
    for (const template of templates) io.out(lineFor(template))
    if (templates.length === 0) io.err(verb === 'list' ? 'None read yet: see "templates pull".' : 'Meta lists none.')
    return refused > 0 ? 1 : 0
  } finally {
    await runtime.close()
  }
}

async function draftsIn(folder: string): Promise<TemplateDraft[]> {
  const { templates, problems } = await readTemplates(folder)
  if (problems.length === 0) return templates
  throw new CannotDo(
    problems.map(({ file, field, message }) => `${folder}/${file}${field && ` ${field}`}: ${message}`).join('\n'),
  )
}

/** Submits one after the other, since Meta limits this call, each with an audit entry; answers how many were refused. */
async function push(
  runtime: Pick<Runtime, 'db' | 'vault' | 'now' | 'whatsapp'>,
  channel: Channel,
  drafts: readonly TemplateDraft[],
  io: Io,
): Promise<number> {
  const { whatsapp } = runtime
  const listed = await whatsapp.listTemplates(targetOf(channel))
  if (!listed.ok) throw refusalOf(listed)
  let refused = 0
  for (const draft of drafts) {
    const remote = listed.value.find(({ name, language }) => name === draft.name && language === draft.language)
    const said = await submit(whatsapp, channel, draft, remote)
    if (!said.ok) refused += 1
    const { action } = said
    const detail = { name: draft.name, language: draft.language }
    if (action) await inDeed(runtime, (deed) => record(deed, COMMAND, { action, channel: channel.slug, detail }))
    io.err(`${draft.name} (${draft.language}): ${said.text}`)
  }
  return refused
}

async function submit(
  whatsapp: WhatsappClient,
  channel: Channel,
  draft: TemplateDraft,
  remote: RemoteTemplate | undefined,
): Promise<{ ok: boolean; text: string; action?: 'template.submitted' | 'template.edited' }> {
  if (remote === undefined) {
    const created = await whatsapp.createTemplate(targetOf(channel), draft)
    return created.ok
      ? { ok: true, text: `submitted, now ${created.value.status}`, action: 'template.submitted' }
      : { ok: false, text: refusalOf(created).message }
  }
  const changes = compareTemplate(draft, remote)
  if (changes.length === 0) return { ok: true, text: 'unchanged' }
  const { category, components, message_send_ttl_seconds } = draft
  const edited = await whatsapp.editTemplate(targetOf(channel), remote.id, {
    category,
    components,
    ...(message_send_ttl_seconds === undefined ? {} : { message_send_ttl_seconds }),
  })
  const fields = changes.map(({ field }) => field).join(', ')
  return edited.ok
    ? { ok: true, text: `submitted the change of ${fields}`, action: 'template.edited' }
    : { ok: false, text: `${refusalOf(edited).message} Changed: ${fields}` }
}

const lineFor = ({ name, language, status, category, quality, rejectedReason }: StoredTemplate) =>
  [name, language, status, category, quality ?? '-', ...(rejectedReason ? [rejectedReason] : [])].join('\t')
