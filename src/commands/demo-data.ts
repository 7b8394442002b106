import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createKey } from '../access/keys.ts'
import { COMMAND, type Role } from '../audit/audit.ts'
import { replyText } from '../channels/replies.ts'
import { targetOf } from '../channels/template-sync.ts'
import { recognise } from '../contacts/contacts.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { posterSource } from '../subscriptions/source.ts'
import { countSubscribers } from '../subscriptions/subscribers.ts'
import { leave, join as subscribe, type Wish } from '../subscriptions/subscriptions.ts'
import { readTemplates } from '../whatsapp/template-files.ts'
import { CannotDo } from './command.ts'

const SUBSCRIBERS = 400
const DAYS = 60
const DAY_MS = 86_400_000

/** Submits the templates of the folder for every channel with a newsletter, where Meta does not have them yet. */
export async function submitTemplates(runtime: Runtime): Promise<void> {
  const { templates, problems } = await readTemplates(runtime.settings.templatesDir)
  if (problems.length > 0) throw new CannotDo(problems.map((p) => `${p.file} ${p.field}: ${p.message}`).join('\n'))
  for (const channel of runtime.channels.values()) {
    if (!channel.offerings.info) continue
    const target = targetOf(channel)
    const listed = await runtime.whatsapp.listTemplates(target)
    const known = new Set(listed.ok ? listed.value.map(({ name, language }) => `${name} ${language}`) : [])
    for (const template of templates) {
      if (!known.has(`${template.name} ${template.language}`)) await runtime.whatsapp.createTemplate(target, template)
    }
  }
}

/** A few hundred people who came and went over two months. Returns how many were made: none if the channel has subscribers already. */
export async function sampleSubscribers(runtime: Runtime): Promise<number> {
  const channel = [...runtime.channels.values()].find(({ offerings }) => offerings.info)
  if (!channel) return 0
  const known = await inDeed(runtime, (deed) =>
    countSubscribers(deed, channel.slug, { offerings: ['info'], topics: [] }),
  )
  if (known.subscribers > 0) return 0
  const topics = Object.keys(channel.offerings.info!.topics)
  const posters = Object.keys(channel.posters)
  await inDeed(runtime, async (deed) => {
    const people = Array.from({ length: SUBSCRIBERS }, (_, i) => ({
      identity: { phone: `+49157900${String(10_000 + i)}` },
      at: new Date(deed.now.getTime() - Math.round(DAYS * DAY_MS * (1 - Math.sqrt(i / SUBSCRIBERS)))),
    }))
    const contacts = await recognise(deed, channel.slug, people)
    const wishes = contacts.map(
      (contact, i): Wish => ({
        channel: channel.slug,
        contactId: contact.id,
        subject: contact.subject,
        offering: 'info',
        at: people[i]!.at,
        source:
          i % 8 === 5 && posters.length > 0 ? posterSource(posters[i % 3 === 0 ? 0 : posters.length - 1]!) : 'keyword',
        noticeVersion: channel.privacy.noticeVersion,
        wording: replyText(channel, 'joinedInfo'),
        topics: i % 3 === 0 && topics.length > 0 ? [topics[i % topics.length]!] : null,
      }),
    )
    await subscribe(deed, wishes)
    const gone = wishes
      .filter((_, i) => i % 17 === 3)
      .map((wish, i) => ({
        ...wish,
        at: between(wish.at, deed.now, SHARES[i % SHARES.length]!),
        topics: undefined,
        source: 'keyword',
      }))
    await leave(
      deed,
      gone.sort((a, b) => a.at.getTime() - b.at.getTime()),
    )
  })
  return SUBSCRIBERS
}

/** How much of the time since they came somebody stayed: some leave soon, most later. */
const SHARES = [0.35, 0.8, 0.12, 0.55, 0.93, 0.68, 0.24]

const between = (from: Date, to: Date, share: number) =>
  new Date(Math.round(from.getTime() + share * (to.getTime() - from.getTime())))

const KEY_NAMES: Readonly<Record<Role, string>> = {
  editor: 'Redaktion (Demo)',
  approver: 'Freigabe (Demo)',
  admin: 'Verwaltung (Demo)',
  inbox: 'Posteingang (Demo)',
}

/** The demo's own API key of a role, made once and kept beside its data. */
export async function keyFor(runtime: Runtime, dataDir: string, role: Role): Promise<string> {
  const file = join(dataDir, `${role}.key`)
  if (existsSync(file)) return readFileSync(file, 'utf8').trim()
  const { key } = await inDeed(runtime, (deed) =>
    createKey(deed, COMMAND, { name: KEY_NAMES[role], role, channel: null }),
  )
  writeFileSync(file, `${key}\n`, { mode: 0o600 })
  return key
}
