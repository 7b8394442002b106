import type { Problem } from '../refusal.ts'
import { isRecord, type Loose, text } from './loose.ts'
import { type MediaSource, type MessageBody, templateMessage } from './messages.ts'
import { filled, shapeOf, type TemplateButton, type TemplateShape } from './template-shape.ts'

/**
 * What a broadcast fills in: header text or medium, body by position or by name, address ends of buttons by their index.
 * `{"header":["…"],"body":["Sperrung","Ruhrstraße ab Montag"],"buttons":{"0":"sperrung-ruhrstrasse"}}`
 */
export type TemplateParameters = {
  header?: HeaderParameter[] | Record<string, string>
  body?: string[] | Record<string, string>
  buttons?: Record<string, string>
}
export type HeaderParameter = string | (MediaSource & { filename?: string })

/** Meta's limits of what the citizen sees, in characters. */
export const LIMITS = { header: 60, body: 1024, footer: 60, buttonLabel: 25, url: 2000, code: 20 } as const

const MEDIA_FORMATS: ReadonlySet<string> = new Set(['IMAGE', 'VIDEO', 'DOCUMENT'])

/**
 * Everything that is wrong with the parameters for this template, each with its field (`parameters.body.0`) and a German sentence.
 * Takes any JSON; an empty list means that Meta will accept them.
 */
export function checkParameters(components: unknown, parameters: unknown): Problem[] {
  const shape = shapeOf(components)
  if (!isRecord(parameters ?? {})) return [{ field: 'parameters', message: 'Die Angaben haben die falsche Form.' }]
  const given = (parameters ?? {}) as Loose
  const problems = [
    ...Object.keys(given)
      .filter((key) => !['header', 'body', 'buttons'].includes(key))
      .map((key) => ({ field: `parameters.${key}`, message: 'Diese Angabe gibt es nicht.' })),
    ...checkHeader(shape.header, given.header),
    ...checkTexts('parameters.body', shape.body.variables, given.body),
    ...checkButtons(shape.buttons, given.buttons),
  ]
  if (problems.length > 0) return problems
  const { header, body } = renderTemplate(components, given as TemplateParameters)
  if (typeof header === 'string')
    problems.push(...tooLong('parameters.header', header, LIMITS.header, 'Die Überschrift'))
  return [...problems, ...tooLong('parameters.body', body, LIMITS.body, 'Der fertige Text')]
}

function checkHeader(header: TemplateShape['header'], given: unknown): Problem[] {
  const field = 'parameters.header'
  if (!header || !MEDIA_FORMATS.has(header.format)) return checkTexts(field, header?.variables ?? [], given)
  const [medium, ...more] = Array.isArray(given) ? given : []
  if (more.length > 0) return [{ field: `${field}.1`, message: 'Die Vorlage hat nur ein Bild oder eine Datei.' }]
  if (!isRecord(medium)) return [{ field: `${field}.0`, message: `Hier fehlt ${MEDIA_WORDS[header.format]}.` }]
  const [link, id] = [text(medium.link), text(medium.id)]
  if ((link === undefined) === (id === undefined)) {
    return [
      { field: `${field}.0`, message: 'Bitte geben Sie entweder eine Adresse (link) oder eine Medien-Id (id) an.' },
    ]
  }
  if (link !== undefined && !/^https?:\/\/\S+$/.test(link)) {
    return [{ field: `${field}.0.link`, message: 'Das ist keine Internetadresse.' }]
  }
  return []
}

const MEDIA_WORDS: Readonly<Record<string, string>> = {
  IMAGE: 'ein Bild',
  VIDEO: 'ein Video',
  DOCUMENT: 'ein Dokument',
}

/** Values by position for `{{1}}`, `{{2}}`, by name for `{{thema}}`: as many as the template has, no more. */
function checkTexts(field: string, variables: readonly string[], given: unknown): Problem[] {
  if (given !== undefined && given !== null && typeof given !== 'object') {
    return [{ field, message: 'Die Angaben haben die falsche Form.' }]
  }
  const values = Object.entries((given ?? {}) as object)
  const positional = variables.every((variable) => /^\d+$/.test(variable))
  const key = keyOf(variables, Array.isArray(given) || (!given && positional))
  const wanted = new Set(variables.map(key))
  const missing = variables
    .filter((variable) => !values.some(([name]) => name === key(variable)))
    .map((variable) => ({ field: `${field}.${key(variable)}`, message: 'Diese Angabe fehlt.' }))
  const wrong = values.flatMap(([name, value]): Problem[] => {
    if (!wanted.has(name)) return [{ field: `${field}.${name}`, message: tooMany(variables.length) }]
    const message = wrongText(value)
    return message === undefined ? [] : [{ field: `${field}.${name}`, message }]
  })
  return [...missing, ...wrong]
}

/** A list counts from 0 where Meta counts from 1; anything else goes by the variable's own word. */
const keyOf =
  (variables: readonly string[], asList: boolean) =>
  (variable: string): string =>
    asList ? String(variables.indexOf(variable)) : variable

const tooMany = (count: number): string =>
  count === 0
    ? 'Hier hat die Vorlage keine Lücke.'
    : `Die Vorlage hat hier nur ${count === 1 ? 'eine Lücke' : `${count} Lücken`}.`

/** Meta refuses the whole message for these (132018, formerly 100). */
function wrongText(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'Hier wird ein Text erwartet.'
  if (value.trim() === '') return 'Diese Angabe ist leer.'
  if (/[\n\r\u2028\u2029]/.test(value)) return 'Zeilenumbrüche sind hier nicht erlaubt.'
  if (value.includes('\t')) return 'Tabulatoren sind hier nicht erlaubt.'
  if (/ {5}/.test(value)) return 'Mehr als vier Leerzeichen hintereinander sind nicht erlaubt.'
  if (value.includes('\u0000')) return 'Der Text enthält ein unlesbares Zeichen.'
  return undefined
}

function checkButtons(buttons: readonly TemplateButton[], given: unknown): Problem[] {
  if (given !== undefined && given !== null && !isRecord(given)) {
    return [{ field: 'parameters.buttons', message: 'Die Angaben haben die falsche Form.' }]
  }
  const values = (given ?? {}) as Loose
  const surplus = Object.keys(values)
    .filter((index) => !buttons[Number(index)]?.variable || String(Number(index)) !== index)
    .map((index) => ({ field: `parameters.buttons.${index}`, message: 'Diese Schaltfläche hat keine Lücke.' }))
  const wrong = buttons.flatMap((button, index): Problem[] => {
    if (!button.variable) return []
    const message = wrongSuffix(button, values[index])
    return message === undefined ? [] : [{ field: `parameters.buttons.${index}`, message }]
  })
  return [...surplus, ...wrong]
}

function wrongSuffix(button: TemplateButton, value: unknown): string | undefined {
  if (value === undefined) return 'Diese Angabe fehlt.'
  const message = wrongText(value)
  if (message !== undefined) return message
  const suffix = value as string
  if (button.type === 'COPY_CODE') return suffix.length > LIMITS.code ? `Höchstens ${LIMITS.code} Zeichen.` : undefined
  // What a browser would have to guess at, or what would lead elsewhere than the printed address.
  if (!/^[\w\-.~:/?#[\]@!$&'()*+,;=%]+$/.test(suffix))
    return 'Das Ende der Adresse darf keine Leerzeichen oder Umlaute enthalten.'
  const length = filled(button.url ?? '', () => suffix).length
  return length > LIMITS.url ? `Die Adresse ist zu lang: ${length} von höchstens ${LIMITS.url} Zeichen.` : undefined
}

const tooLong = (field: string, words: string, limit: number, what: string): Problem[] =>
  words.length > limit
    ? [{ field, message: `${what} ist zu lang: ${words.length} von höchstens ${limit} Zeichen.` }]
    : []

export type RenderedTemplate = {
  /** A text, or the medium above it; absent without header. */
  header?: string | { format: string; source?: MediaSource & { filename?: string } }
  body: string
  footer?: string
  buttons: { type: string; text: string; url?: string; phone?: string }[]
}

/** What stands in a gap that is not filled in yet; undefined leaves it as it is. */
export type Gap = (where: 'header' | 'body' | 'buttons', variable: string) => string | undefined

/** What the citizen sees. Parameters that are not there yet stay visible as `{{1}}`, or as what `gap` says. */
export function renderTemplate(
  components: unknown,
  parameters: TemplateParameters = {},
  gap: Gap = () => undefined,
): RenderedTemplate {
  const { header, body, footer, buttons } = shapeOf(components)
  const medium = Array.isArray(parameters.header) ? parameters.header[0] : undefined
  const texts = (where: 'header' | 'body', words: string, variables: readonly string[]) => {
    const given = valueIn(variables, parameters[where])
    return filled(words, (variable) => given(variable) ?? gap(where, variable))
  }
  return {
    header:
      header &&
      (header.format === 'TEXT'
        ? texts('header', header.text, header.variables)
        : { format: header.format, source: isRecord(medium) ? (medium as MediaSource) : undefined }),
    body: texts('body', body.text, body.variables),
    footer,
    buttons: buttons.map(({ type, text, url, phone, variable }, index) => ({
      type,
      text,
      url:
        variable && url !== undefined
          ? filled(url, () => nonEmpty(parameters.buttons?.[index]) ?? gap('buttons', String(index)))
          : url,
      phone,
    })),
  }
}

const nonEmpty = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

const valueIn =
  (variables: readonly string[], given: TemplateParameters['header'] | TemplateParameters['body']) =>
  (variable: string): string | undefined => {
    if (!given) return undefined
    const key = keyOf(variables, Array.isArray(given))(variable)
    return nonEmpty((given as Record<string, unknown>)[key])
  }

/** The body of the send call, without an address; the parameters are expected to be checked. */
export function templateBody(
  name: string,
  language: string,
  components: unknown,
  parameters: TemplateParameters = {},
): MessageBody {
  const shape = shapeOf(components)
  const parts: object[] = []
  const texts = (variables: readonly string[], given: TemplateParameters['header'] | TemplateParameters['body']) =>
    variables.map((variable) => ({
      type: 'text',
      ...(shape.named && { parameter_name: variable }),
      text: valueIn(variables, given)(variable) ?? '',
    }))
  const header = headerParameters(shape.header, parameters.header, texts)
  if (header.length > 0) parts.push({ type: 'header', parameters: header })
  if (shape.body.variables.length > 0) {
    parts.push({ type: 'body', parameters: texts(shape.body.variables, parameters.body) })
  }
  shape.buttons.forEach((button, index) => {
    if (!button.variable) return
    const value = parameters.buttons?.[index] ?? ''
    const parameter =
      button.type === 'COPY_CODE' ? { type: 'coupon_code', coupon_code: value } : { type: 'text', text: value }
    parts.push({ type: 'button', sub_type: button.type.toLowerCase(), index: String(index), parameters: [parameter] })
  })
  return templateMessage({ name, language: { code: language }, ...(parts.length > 0 && { components: parts }) })
}

function headerParameters(
  header: TemplateShape['header'],
  given: TemplateParameters['header'],
  texts: (variables: readonly string[], given: TemplateParameters['header']) => object[],
): object[] {
  if (!header) return []
  if (!MEDIA_FORMATS.has(header.format)) return texts(header.variables, given)
  const type = header.format.toLowerCase()
  const medium = Array.isArray(given) ? given[0] : undefined
  return medium === undefined ? [] : [{ type, [type]: medium }]
}
