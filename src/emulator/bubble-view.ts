import { type Json, obj, objs, str } from './json.ts'
import type { Bubble, Progress } from './state.ts'
import { buttonsOf, fill, partOf, payloadOf, urlOf } from './templates.ts'

/** Something a citizen can tap. `key` names it within its bubble. */
export type Action = {
  kind: 'reply' | 'row' | 'quick' | 'url' | 'phone' | 'copy' | 'contact'
  key: string
  title: string
  description?: string
  url?: string
}

/** A message as a phone shows it. */
export type BubbleView = {
  id: string
  at: number
  from: 'citizen' | 'town'
  type: string
  header: string
  media: { kind: string; id: string; link: string; filename: string } | null
  text: string
  footer: string
  /** Label of a list's button, or ''. */
  list: string
  actions: Action[]
  quotes: string
  state: Progress
  error: number | null
}

const MEDIA = ['image', 'video', 'audio', 'document', 'sticker']

/** Draws a message: template text with its parameters, buttons, media, whatever its type. */
export function viewOf(bubble: Bubble): BubbleView {
  const { id, at, from, message, state, error } = bubble
  const type = str(message.type) || 'text'
  const content = obj(message[type])
  const empty: BubbleView = {
    id,
    at,
    from,
    type,
    header: '',
    media: mediaOf(type, content),
    text: str(content.caption),
    footer: '',
    list: '',
    actions: [],
    quotes: str(obj(message.context).message_id) || str(obj(message.context).id),
    state,
    error,
  }
  if (bubble.template) return { ...empty, ...templateView(bubble, content) }
  if (type === 'interactive') return { ...empty, ...interactiveView(content) }
  return { ...empty, text: empty.text || plainText(type, content, message) }
}

function mediaOf(kind: string, file: Json): BubbleView['media'] {
  if (!MEDIA.includes(kind)) return null
  return { kind, id: str(file.id), link: str(file.link), filename: str(file.filename) }
}

function plainText(type: string, content: Json, message: Json): string {
  if (type === 'text') return str(content.body)
  if (type === 'button') return str(content.text)
  if (type === 'reaction') return str(content.emoji)
  if (type === 'location')
    return [str(content.name), str(content.address), `${str(content.latitude)}, ${str(content.longitude)}`]
      .filter(Boolean)
      .join('\n')
  if (type === 'contacts')
    return objs(message.contacts)
      .map((card) => str(obj(card.name).formatted_name))
      .join(', ')
  if (type === 'system') return str(content.body)
  return ''
}

function interactiveView(content: Json): Partial<BubbleView> {
  const chosen = obj(content.button_reply ?? content.list_reply)
  if (chosen.title) return { text: str(chosen.title) }
  const action = obj(content.action)
  const header = obj(content.header)
  const rows = objs(action.sections).flatMap((section) => objs(section.rows))
  const replies = objs(action.buttons).map((button) => obj(button.reply))
  const actions: Action[] = [
    ...replies.map((reply) => ({ kind: 'reply' as const, key: `reply:${str(reply.id)}`, title: str(reply.title) })),
    ...rows.map((row) => ({
      kind: 'row' as const,
      key: `row:${str(row.id)}`,
      title: str(row.title),
      description: str(row.description),
    })),
  ]
  const url = str(obj(action.parameters).url)
  if (url) actions.push({ kind: 'url', key: 'url:0', title: str(obj(action.parameters).display_text) || url, url })
  if (content.type === 'request_contact_info')
    actions.push({ kind: 'contact', key: 'contact:0', title: 'Telefonnummer teilen' })
  return {
    header: str(header.text),
    media: mediaOf(str(header.type), obj(header[str(header.type)])),
    text: str(obj(content.body).text),
    footer: str(obj(content.footer).text),
    list: str(action.button),
    actions,
  }
}

function templateView({ template, message }: Bubble, sent: Json): Partial<BubbleView> {
  if (!template) return {}
  const header = objs(sent.components).find((component) => str(component.type).toLowerCase() === 'header')
  const parameter = objs(header?.parameters)[0]
  const kind = str(parameter?.type)
  const actions = buttonsOf(template).map((button, index): Action => {
    const title = str(button.text)
    const type = str(button.type).toUpperCase()
    if (type === 'URL') return { kind: 'url', key: `url:${index}`, title, url: urlOf(template, index, sent) }
    if (type === 'PHONE_NUMBER')
      return { kind: 'phone', key: `phone:${index}`, title, url: `tel:${str(button.phone_number)}` }
    if (type === 'QUICK_REPLY') return { kind: 'quick', key: `quick:${index}`, title }
    if (type === 'REQUEST_CONTACT_INFO')
      return { kind: 'contact', key: `contact:${index}`, title: title || 'Telefonnummer teilen' }
    return { kind: 'copy', key: `copy:${index}`, title: title || 'Code kopieren' }
  })
  return {
    header: fill(template, 'HEADER', sent),
    media: mediaOf(kind, obj(parameter?.[kind])),
    text: fill(template, 'BODY', sent),
    footer: str(partOf(template, 'FOOTER')?.text),
    actions,
    quotes: str(obj(message.context).message_id),
  }
}

/** The inbound message a tap on `key` sends, or null if the bubble has no such action. */
export function tapMessage(bubble: Bubble, key: string, town: string, contact: Json): Json | null {
  const action = viewOf(bubble).actions.find((each) => each.key === key)
  if (!action) return null
  const context = { from: town, id: bubble.id }
  const id = key.slice(key.indexOf(':') + 1)
  if (action.kind === 'reply')
    return {
      context,
      type: 'interactive',
      interactive: { type: 'button_reply', button_reply: { id, title: action.title } },
    }
  if (action.kind === 'row') {
    const description = action.description ? { description: action.description } : {}
    return {
      context,
      type: 'interactive',
      interactive: { type: 'list_reply', list_reply: { id, title: action.title, ...description } },
    }
  }
  if (action.kind === 'quick' && bubble.template)
    return {
      context,
      type: 'button',
      button: { payload: payloadOf(bubble.template, Number(id), obj(bubble.message.template)), text: action.title },
    }
  if (action.kind === 'contact') return { context, type: 'contacts', contacts: [contact] }
  return null
}
