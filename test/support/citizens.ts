import { storeTemplates } from '../../src/channels/template-store.ts'
import { type Contact, recognise } from '../../src/contacts/contacts.ts'
import type { Deed } from '../../src/runtime.ts'
import { join, leave, type Wish } from '../../src/subscriptions/subscriptions.ts'
import { readTemplates } from '../../src/whatsapp/template-files.ts'
import type { TestRuntime } from './runtime.ts'

export type Citizen = { name?: string; phone?: string; userId?: string }
export const anna = { name: 'Anna', phone: '+4915112340001', userId: 'DE.10000000000000000001' }
export const bernd = { name: 'Bernd', phone: '+4915112340002' }
export const cem = { name: 'Cem', userId: 'DE.10000000000000000003' }

const wishOf = (deed: Deed, contact: Contact, offering: 'info' | 'chat', keyword: string): Wish => ({
  channel: contact.channel,
  contactId: contact.id,
  subject: contact.subject,
  offering,
  at: deed.now,
  source: 'keyword',
  messageId: `wamid.${contact.id}.${offering}.${keyword}`,
  noticeVersion: '2026-11',
  wording: 'Sie bekommen jetzt Meldungen der Stadt.',
})

/** A citizen is known and joins; topics null = all. */
export async function joins(
  runtime: TestRuntime,
  channel: string,
  citizen: Citizen,
  options: { offering?: 'info' | 'chat'; topics?: string[] | null } = {},
) {
  return runtime.act(async (deed) => {
    const [contact] = await recognise(deed, channel, [{ identity: citizen, at: deed.now }])
    await join(deed, [
      { ...wishOf(deed, contact!, options.offering ?? 'info', 'start'), topics: options.topics ?? null },
    ])
    return contact!
  })
}

export async function leaves(runtime: TestRuntime, contact: Contact, offering: 'info' | 'chat' = 'info') {
  await runtime.act((deed) => leave(deed, [wishOf(deed, contact, offering, 'stop')]))
}

/** As many subscribers as asked for, all of the newsletter. */
export async function crowd(runtime: TestRuntime, channel: string, people: number) {
  await runtime.act(async (deed) => {
    const contacts = await recognise(
      deed,
      channel,
      Array.from({ length: people }, (_, i) => ({
        identity: { phone: `+4916012${String(i).padStart(6, '0')}` },
        at: deed.now,
      })),
    )
    await join(
      deed,
      contacts.map((contact) => wishOf(deed, contact, 'info', 'start')),
    )
  })
}

/** Meta has approved everything in `templates/`. */
export async function approvedTemplates(runtime: TestRuntime, channel: string) {
  const { templates } = await readTemplates('templates')
  await runtime.act((deed) =>
    storeTemplates(
      deed,
      channel,
      templates.map((template, i) => ({
        id: String(1000 + i),
        name: template.name,
        language: template.language,
        status: 'APPROVED',
        category: template.category,
        parameterFormat: template.parameter_format ?? 'positional',
        components: [...template.components],
      })),
    ),
  )
}
