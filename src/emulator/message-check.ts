import { type Problem, problem } from './codes.ts'
import { type Json, obj, objs, str } from './json.ts'

const missing = (field: string): Problem => problem(131008, `The parameter ${field} is required.`)
const invalid = (details: string): Problem => problem(131009, details)
const length = (text: string): number => [...text].length

/** A BSUID as Meta writes it, also the parent form. */
export const USER_ID = /^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$/

/** What is wrong with the part of a send that its `type` names, or null. Templates are checked elsewhere. Source: cloud-api §1.1. */
export function checkMessage(message: Json): Problem | null {
  const type = str(message.type) || 'text'
  const check = CHECKS[type]
  if (!check) return problem(100, `Param type must be one of {${Object.keys(CHECKS).join(', ')}} - got "${type}".`)
  const content = message[type]
  if (content === undefined) return missing(type)
  return check(type === 'contacts' ? { contacts: content } : obj(content))
}

const CHECKS: Record<string, (content: Json) => Problem | null> = {
  text: (text) => {
    const body = str(text.body)
    if (!body) return missing("text['body']")
    return length(body) > 4096 ? problem(100, "Param text['body'] must be at most 4096 characters long.") : null
  },
  image: (image) => media(image, 'image'),
  video: (video) => media(video, 'video'),
  document: (document) => media(document, 'document'),
  audio: (audio) => ('caption' in audio ? problem(100, 'Param audio has no caption.') : media(audio, 'audio')),
  sticker: (sticker) => media(sticker, 'sticker'),
  location: ({ latitude, longitude }) =>
    Number.isFinite(Number(latitude ?? Number.NaN)) && Number.isFinite(Number(longitude ?? Number.NaN))
      ? null
      : missing('latitude and longitude'),
  contacts: ({ contacts }) => (objs(contacts).length > 0 ? null : missing('contacts')),
  reaction: (reaction) => {
    if (!str(reaction.message_id).startsWith('wamid.'))
      return invalid('reaction: message_id is not a message of this conversation.')
    return typeof reaction.emoji === 'string' ? null : missing('emoji')
  },
  interactive: (interactive) => {
    const wrong = interactiveTexts(interactive)
    if (wrong) return wrong
    const action = obj(interactive.action)
    if (interactive.type === 'button') return replyButtons(objs(action.buttons))
    if (interactive.type === 'list') return listRows(action)
    if (interactive.type === 'request_contact_info')
      return action.name === 'request_contact_info' ? null : invalid('action.name must be request_contact_info.')
    if (interactive.type === 'cta_url') return str(obj(action.parameters).url) ? null : missing('action.parameters.url')
    if (interactive.type === 'location_request_message') return null
    return invalid(`interactive type ${str(interactive.type)} is not supported.`)
  },
}

function media(file: Json, type: string): Problem | null {
  const [id, link] = [str(file.id), str(file.link)]
  if (!id && !link) return missing(`${type}['id'] or ${type}['link']`)
  if (id && link) return problem(100, `Only one of id and link may be given for ${type}.`)
  if (link && !/^https?:\/\/\S+$/.test(link)) return problem(100, `Param ${type}['link'] is not a valid URI.`)
  return length(str(file.caption)) > 1024
    ? problem(100, `Param ${type}['caption'] must be at most 1024 characters long.`)
    : null
}

function interactiveTexts({ type, body, footer, header }: Json): Problem | null {
  const text = str(obj(body).text)
  const most = type === 'list' ? 4096 : 1024
  if (!text) return missing("interactive['body']['text']")
  if (length(text) > most)
    return problem(100, `Param interactive['body']['text'] must be at most ${most} characters long.`)
  if (length(str(obj(footer).text)) > 60)
    return problem(100, "Param interactive['footer']['text'] must be at most 60 characters long.")
  const head = obj(header)
  if (header !== undefined && !['text', 'image', 'video', 'document'].includes(str(head.type)))
    return invalid('interactive header type is not valid.')
  if (type === 'list' && header !== undefined && head.type !== 'text')
    return invalid('The header of a list must be text.')
  return length(str(head.text)) > 60
    ? problem(100, "Param interactive['header']['text'] must be at most 60 characters long.")
    : null
}

function replyButtons(buttons: Json[]): Problem | null {
  if (buttons.length < 1 || buttons.length > 3)
    return invalid('Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3')
  const replies = buttons.map((button) => obj(button.reply))
  for (const [index, reply] of replies.entries()) {
    if (buttons[index]!.type !== 'reply') return invalid('Button type must be reply.')
    if (!str(reply.id) || length(str(reply.id)) > 256) return invalid('Button id: 1 to 256 characters.')
    if (!str(reply.title) || length(str(reply.title)) > 20)
      return invalid('Button title length invalid. Min length: 1, Max length: 20')
  }
  for (const key of ['id', 'title'])
    if (new Set(replies.map((reply) => reply[key])).size < replies.length)
      return invalid(`Duplicated ${key} found in buttons.`)
  return null
}

function listRows(action: Json): Problem | null {
  const sections = objs(action.sections)
  const rows = sections.flatMap((section) => objs(section.rows))
  if (!str(action.button) || length(str(action.button)) > 20) return invalid('List button: 1 to 20 characters.')
  if (sections.length < 1 || sections.length > 10) return invalid('1 to 10 sections.')
  if (sections.some((section) => (sections.length > 1 && !str(section.title)) || length(str(section.title)) > 24))
    return invalid('Section title: 1 to 24 characters, required with several sections.')
  if (rows.length < 1 || rows.length > 10) return invalid('Total row count exceed max allowed count: 10')
  for (const row of rows) {
    if (!str(row.id) || length(str(row.id)) > 200) return invalid('Row id: 1 to 200 characters.')
    if (!str(row.title) || length(str(row.title)) > 24) return invalid('Row title is too long. Max length: 24')
    if (length(str(row.description)) > 72) return invalid('Row description is too long. Max length: 72')
  }
  return new Set(rows.map((row) => row.id)).size < rows.length ? invalid('Duplicated row id found.') : null
}
