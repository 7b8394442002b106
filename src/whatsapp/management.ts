import type { Answered } from './answers.ts'
import type { Graph, Target } from './client.ts'
import { dailyLimitOf } from './limits.ts'
import { isRecord, type Loose, list, phone, record, text } from './loose.ts'
import { readReceipt } from './messages.ts'

/** A template as Meta has it. Only status APPROVED may be sent; a word we do not know is not sendable. */
export type RemoteTemplate = {
  id: string
  name: string
  /** With `_`, as in sending. */
  language: string
  status: string
  category: string
  parameterFormat: 'named' | 'positional'
  components: unknown[]
  quality?: string
  rejectedReason?: string
  ttlSeconds?: number
}

/** State of our number. `dailyLimit`: people per 24 hours, null = unlimited, absent = Meta did not say. */
export type NumberState = {
  displayPhoneNumber?: string
  verifiedName?: string
  qualityRating?: string
  status?: string
  throughputLevel?: string
  dailyLimit?: number | null
}

type Account = Pick<Target, 'businessAccountId' | 'accessToken'>
type Number = Pick<Target, 'phoneNumberId' | 'accessToken'>

export type Management = {
  /** All templates of the account, all languages and states. */
  listTemplates(target: Account): Promise<Answered<RemoteTemplate[]>>
  /** Submits a template for approval; `template` is the body of Meta's create call. */
  createTemplate(
    target: Account,
    template: object,
  ): Promise<Answered<{ id: string; status: string; category?: string }>>
  /** Submits new components for a template that exists (approved ones: once a day, ten times in 30 days). */
  editTemplate(target: Pick<Target, 'accessToken'>, id: string, change: object): Promise<Answered<true>>
  phoneNumber(target: Number): Promise<Answered<NumberState>>
  /** Without this no webhooks arrive. Safe to repeat. */
  subscribeApp(target: Account): Promise<Answered<true>>
  /** Blue ticks for this message and all older ones of the person; with `typing` also "schreibt …" for up to 25 s. */
  markRead(target: Number, messageId: string, options?: { typing?: boolean }): Promise<Answered<true>>
}

const TEMPLATE_FIELDS =
  'id,name,language,status,category,parameter_format,components,quality_score,rejected_reason,message_send_ttl_seconds'
const NUMBER_FIELDS =
  'display_phone_number,verified_name,quality_rating,status,throughput,whatsapp_business_manager_messaging_limit'
/** 6,000 templates are Meta's most; more pages than that would be a loop. */
const MAX_PAGES = 100

export function managementOf(graph: Graph): Management {
  const done = (json: Loose) => (json.success === false ? undefined : (true as const))
  return {
    async listTemplates(target) {
      const templates: RemoteTemplate[] = []
      let after: string | undefined
      for (let page = 0; page < MAX_PAGES; page++) {
        const query = new URLSearchParams({
          fields: TEMPLATE_FIELDS,
          limit: '100',
          ...(after !== undefined && { after }),
        })
        const path = `${id(target.businessAccountId)}/message_templates?${query}`
        const answer = await graph(target, { method: 'GET', path }, readPage)
        if (!answer.ok) return answer
        templates.push(...answer.value.templates)
        // The address in `next` carries a host of Meta's choice; the cursor alone keeps the token where it belongs.
        if (answer.value.after === undefined || answer.value.after === after) break
        after = answer.value.after
      }
      return { ok: true, value: templates }
    },
    createTemplate: (target, template) =>
      graph(
        target,
        { method: 'POST', path: `${id(target.businessAccountId)}/message_templates`, json: template },
        (json) => {
          const created = text(json.id)
          return created === undefined
            ? undefined
            : { id: created, status: text(json.status) ?? 'PENDING', category: text(json.category) }
        },
      ),
    editTemplate: (target, templateId, change) =>
      graph(target, { method: 'POST', path: id(templateId), json: change }, done),
    phoneNumber: (target) =>
      graph(target, { method: 'GET', path: `${id(target.phoneNumberId)}?fields=${NUMBER_FIELDS}` }, readNumber),
    subscribeApp: (target) =>
      graph(target, { method: 'POST', path: `${id(target.businessAccountId)}/subscribed_apps` }, done),
    markRead: (target, messageId, { typing = false } = {}) =>
      graph(
        target,
        { method: 'POST', path: `${id(target.phoneNumberId)}/messages`, json: readReceipt(messageId, typing) },
        done,
      ),
  }
}

const id = (value: string): string => encodeURIComponent(value)

function readPage(json: Loose): { templates: RemoteTemplate[]; after: string | undefined } | undefined {
  if (!Array.isArray(json.data)) return undefined
  const paging = record(json.paging)
  return {
    templates: json.data.filter(isRecord).flatMap((one) => readTemplate(one) ?? []),
    after: paging.next === undefined ? undefined : text(record(paging.cursors).after),
  }
}

function readTemplate(one: Loose): RemoteTemplate | undefined {
  const [templateId, name, language] = [text(one.id), text(one.name), text(one.language)]
  if (templateId === undefined || name === undefined || language === undefined) return undefined
  const ttl = one.message_send_ttl_seconds
  const rejected = text(one.rejected_reason)?.toUpperCase()
  return {
    id: templateId,
    name,
    language: language.replaceAll('-', '_'),
    status: text(one.status)?.toUpperCase() ?? 'UNKNOWN',
    category: text(one.category)?.toUpperCase() ?? 'UNKNOWN',
    parameterFormat: text(one.parameter_format)?.toUpperCase() === 'NAMED' ? 'named' : 'positional',
    components: [...list(one.components)],
    quality: text(record(one.quality_score).score)?.toUpperCase(),
    rejectedReason: rejected === 'NONE' ? undefined : rejected,
    ttlSeconds: typeof ttl === 'number' ? ttl : undefined,
  }
}

const readNumber = (json: Loose): NumberState => ({
  displayPhoneNumber: displayed(json.display_phone_number),
  verifiedName: text(json.verified_name),
  qualityRating: text(json.quality_rating)?.toUpperCase(),
  status: text(json.status)?.toUpperCase(),
  throughputLevel: text(record(json.throughput).level)?.toUpperCase(),
  // `messaging_limit_tier` is the deprecated name of the same.
  dailyLimit: dailyLimitOf(json.whatsapp_business_manager_messaging_limit ?? json.messaging_limit_tier),
})

/** Meta writes it for people here: "+49 2932 201100". */
const displayed = (value: unknown): string | undefined => phone(text(value)?.replace(/[\s()-]/g, ''))
