import { z } from '@hono/zod-openapi'
import type { Content } from '../broadcasts/broadcasts.ts'
import { outgoing } from '../db/schema.ts'
import type { TemplateParameters } from '../whatsapp/templates.ts'
import { instant } from './described.ts'

/** Shape only: what the template asks for, lengths and words are checked by the verb, all at once, with a field for each. */
const Parameters = z
  .custom<TemplateParameters>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), {
    error: 'Erwartet wird ein Objekt.',
  })
  .openapi({
    type: 'object',
    description:
      'What fills the template. `header` and `body` are lists for {{1}}, {{2}}, or objects for named parameters; `buttons` has the end of the address by the button’s index.',
    example: {
      header: ['Verkehr'],
      body: ['Sperrung', 'Ruhrstraße ab Montag'],
      buttons: { 0: 'sperrung-ruhrstrasse' },
    },
  })

const fields = {
  title: z
    .string()
    .openapi({ description: '1 to 200 characters, for the office only', example: 'Sperrung Ruhrstraße' }),
  template: z.strictObject({
    name: z.string().openapi({ example: 'stadt_meldung' }),
    language: z.string().openapi({ example: 'de' }),
  }),
  parameters: Parameters,
  audience: z.strictObject({
    offering: z.literal('info'),
    topics: z.array(z.string()).optional().openapi({ description: 'Absent: everybody' }),
  }),
  sendAt: z.iso.datetime({ offset: true }).nullable().openapi({
    description: 'null or absent: as soon as it is approved. With a recurrence: not before.',
    example: '2026-12-01T09:00:00+01:00',
  }),
  recurrence: z
    .strictObject({
      cron: z.string().openapi({
        description:
          'Five fields, in the channel’s time zone. The pre-flight card of the console warns of more than one an hour',
        example: '0 9 * * 5',
      }),
      until: z.string().nullish().openapi({ description: 'The last day', example: '2027-06-30' }),
    })
    .nullable(),
}

/** Body of POST. */
export const NewBroadcast = z
  .strictObject({
    ...fields,
    parameters: fields.parameters.default({}),
    sendAt: fields.sendAt.optional(),
    recurrence: fields.recurrence.optional(),
  })
  .openapi('NewBroadcast')

/** Body of PATCH: what is absent stays. */
export const BroadcastChange = z
  .strictObject(fields)
  .partial()
  .refine((change) => Object.keys(change).length > 0, { error: 'Bitte geben Sie an, was sich ändern soll.' })
  .openapi('BroadcastChange')

/** A checked body as the verbs take it; absent stays absent. */
export function contentIn<T extends z.output<typeof BroadcastChange>>({ sendAt, ...rest }: T) {
  return {
    ...rest,
    ...(sendAt === undefined ? {} : { sendAt: sendAt === null ? null : new Date(sendAt) }),
  } satisfies Partial<Content>
}

export const RecipientState = z.enum(outgoing.status.enumValues)

const Counts = z.object({
  recipients: z.int(),
  ...(Object.fromEntries(outgoing.status.enumValues.map((state) => [state, z.int()])) as Record<
    (typeof outgoing.status.enumValues)[number],
    z.ZodInt
  >),
})

export const BroadcastStatus = z.enum([
  'draft',
  'awaiting-approval',
  'scheduled',
  'sending',
  'paused',
  'done',
  'cancelled',
  'rejected',
])

export const BroadcastSchema = z
  .object({
    id: z.string(),
    channel: z.string(),
    title: z.string(),
    template: z.object({ name: z.string(), language: z.string() }),
    parameters: Parameters,
    audience: z.object({ offering: z.literal('info'), topics: z.array(z.string()).optional() }),
    sendAt: instant().nullable(),
    recurrence: z.object({ cron: z.string(), until: z.string().nullish() }).nullable(),
    status: BroadcastStatus,
    pausedReason: z.string().nullable(),
    pausedBecause: z.string().nullable().openapi({ description: 'The same as a German sentence' }),
    approval: z.object({
      contentHash: z.string(),
      submittedBy: z.string().nullable(),
      submittedAt: instant().nullable(),
      approvedBy: z.string().nullable(),
      approvedAt: instant().nullable(),
      rejectedReason: z.string().nullable(),
    }),
    counts: Counts.openapi({ description: 'A partition: the states add up to recipients' }),
    forecast: z.object({
      recipients: z.int(),
      seconds: z.int(),
      finishesAt: instant().nullable(),
      fitsDailyLimit: z.boolean().openapi({ description: 'Also behind what is sent before it' }),
      costEur: z.string().nullable(),
      sentence: z.string(),
    }),
    waitingUntil: instant().nullable(),
    waitingFor: z.enum(['quiet-hours', 'daily-limit', 'channel-stopped']).nullable().openapi({
      description: '`channel-stopped`: WhatsApp takes nothing from this number, and nobody knows until when',
    }),
    next: z.array(instant()).openapi({ description: 'The coming dates of a recurrence' }),
    seriesId: z.string().nullable(),
    correctionOf: z.string().nullable(),
    steps: z.array(z.string()).openapi({ description: 'What the office may do with it now' }),
    createdBy: z.string(),
    createdAt: instant(),
    changedAt: instant(),
    startedAt: instant().nullable(),
    finishedAt: instant().nullable(),
  })
  .openapi('Broadcast')

export const RecipientSchema = z
  .object({
    id: z.int(),
    contactId: z.string().nullable().openapi({ description: 'null: erased since' }),
    phone: z.string().nullable().openapi({ description: 'Masked', example: '+49 151 ••••• 12' }),
    userId: z.string().nullable().openapi({ description: 'Masked' }),
    state: RecipientState,
    at: instant().nullable(),
    error: z.object({ code: z.int(), what: z.string(), advice: z.string() }).nullable(),
  })
  .openapi('Recipient')
