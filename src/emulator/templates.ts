import { type Problem, problem } from './codes.ts'
import { type Json, obj, objs, str } from './json.ts'

/** A message template as Meta keeps it. `id` is digits and a safe integer, since webhooks send it as a number. */
export type Template = {
  id: string
  businessAccountId: string
  name: string
  language: string
  category: string
  previousCategory: string | null
  status: string
  parameterFormat: 'POSITIONAL' | 'NAMED'
  components: Json[]
  quality: string
  rejectedReason: string
  timeToLiveSeconds: number | null
  updatedAt: number
}

const VARIABLE = /\{\{\s*([a-z0-9_]+)\s*\}\}/gi

const known = new Map<string, string[]>()

/** Names of the variables in a text, in order, each once. Remembered, as every send asks for the same texts. */
export function variablesOf(text: string): string[] {
  const names = known.get(text) ?? [...new Set([...text.matchAll(VARIABLE)].map((match) => match[1]!))]
  if (known.size > 1000) known.clear()
  known.set(text, names)
  return names
}

export const partOf = (template: Template, type: string): Json | undefined =>
  template.components.find((component) => str(component.type).toUpperCase() === type)

export const buttonsOf = (template: Template): Json[] => objs(partOf(template, 'BUTTONS')?.buttons)

const MEDIA = ['IMAGE', 'VIDEO', 'DOCUMENT']

/**
 * What is wrong with the `template` of a send, or null. Count and form of the parameters must equal the approved version.
 * Codes: cloud-api §1.2 and §4.2; 132018 for line breaks is seen in the field, not in Meta's table.
 */
export function checkParameters(template: Template, sent: Json): Problem | null {
  const given = objs(sent.components)
  const of = (type: string) => given.filter((component) => str(component.type).toLowerCase() === type)
  for (const component of given)
    if (!['header', 'body', 'button', 'footer'].includes(str(component.type).toLowerCase()))
      return problem(131009, `Unexpected component type ${str(component.type)}`)
  const header = partOf(template, 'HEADER')
  return (
    checkHeader(template, header, objs(of('header')[0]?.parameters)) ??
    checkTexts(template, 'body', str(partOf(template, 'BODY')?.text), objs(of('body')[0]?.parameters)) ??
    checkButtons(template, of('button')) ??
    checkLength(template, sent)
  )
}

function checkHeader(template: Template, header: Json | undefined, parameters: Json[]): Problem | null {
  const format = str(header?.format).toUpperCase()
  if (!MEDIA.includes(format) && format !== 'LOCATION')
    return checkTexts(template, 'header', format === 'TEXT' ? str(header?.text) : '', parameters)
  const [first] = parameters
  if (parameters.length !== 1 || !first)
    return problem(132012, `header: Format mismatch, expected ${format}, received UNKNOWN`)
  const type = str(first.type).toUpperCase()
  if (type !== format) return problem(132012, `header: Format mismatch, expected ${format}, received ${type}`)
  const file = obj(first[str(first.type)])
  if (format !== 'LOCATION' && !str(file.id) && !str(file.link))
    return problem(131008, `header: ${format} needs id or link`)
  return null
}

function checkTexts(template: Template, where: string, text: string, parameters: Json[]): Problem | null {
  const wanted = variablesOf(text)
  if (parameters.length !== wanted.length)
    return problem(
      132000,
      `${where}: number of localizable_params (${parameters.length}) does not match the expected number of params (${wanted.length})`,
    )
  for (const parameter of parameters) {
    if (!['text', 'currency', 'date_time'].includes(str(parameter.type)))
      return problem(132012, `${where}: Format mismatch, expected TEXT, received ${str(parameter.type).toUpperCase()}`)
    if (template.parameterFormat === 'NAMED' && !wanted.includes(str(parameter.parameter_name)))
      return problem(132012, `${where}: Parameter name is missing or unknown`)
    const wrong = checkText(where, str(parameter.text))
    if (wrong) return wrong
  }
  if (template.parameterFormat === 'NAMED' && new Set(parameters.map((p) => p.parameter_name)).size !== wanted.length)
    return problem(132000, `${where}: a parameter name is repeated`)
  return null
}

function checkText(where: string, text: string): Problem | null {
  if (!text) return problem(131008, `${where}: text of a parameter is empty`)
  if (/[\n\r\t]| {5}/.test(text))
    return problem(132018, `${where}: Param text cannot have new-line/tab characters or more than 4 consecutive spaces`)
  return null
}

function checkButtons(template: Template, given: Json[]): Problem | null {
  const buttons = buttonsOf(template)
  const filled = new Set<number>()
  for (const component of given) {
    const index = Number(component.index)
    const button = buttons[index]
    if (!button || filled.has(index))
      return problem(131009, `button: index ${str(component.index)} is not a button of the template`)
    filled.add(index)
    const type = str(button.type).toUpperCase()
    const subType = str(component.sub_type).toUpperCase()
    if (subType !== type) return problem(132012, `button ${index}: expected ${type}, received ${subType || 'UNKNOWN'}`)
    const parameters = objs(component.parameters)
    const wanted = type === 'URL' ? variablesOf(str(button.url)).length : 1
    if (parameters.length !== wanted)
      return problem(132000, `button ${index}: number of params (${parameters.length}) does not match (${wanted})`)
    for (const parameter of parameters) {
      const expected = type === 'URL' ? 'text' : type === 'QUICK_REPLY' ? 'payload' : 'coupon_code'
      if (str(parameter.type) !== expected) return problem(132012, `button ${index}: expected parameter ${expected}`)
      const wrong = checkText(`button ${index}`, str(parameter[expected]))
      if (wrong) return wrong
    }
  }
  const missing = buttons.findIndex((button, index) => {
    const needs =
      (str(button.type).toUpperCase() === 'URL' && variablesOf(str(button.url)).length > 0) ||
      str(button.type).toUpperCase() === 'COPY_CODE'
    return needs && !filled.has(index)
  })
  return missing < 0
    ? null
    : problem(131008, `button ${missing}: Button at index ${missing} of type Url requires a parameter`)
}

function checkLength(template: Template, sent: Json): Problem | null {
  for (const [part, most] of [
    ['BODY', 1024],
    ['HEADER', 60],
  ] as const) {
    const given = objs(
      objs(sent.components).find((component) => str(component.type).toUpperCase() === part)?.parameters,
    )
    const bound = given.reduce(
      (sum, parameter) => sum + str(parameter.text).length,
      str(partOf(template, part)?.text).length,
    )
    if (bound <= most) continue // cannot be too long even with the variables' own letters counted
    const length = [...fill(template, part, sent)].length
    if (length > most) return problem(132005, `${part.toLowerCase()}: Translated text too long (${length} of ${most})`)
  }
  return null
}

/**
 * The text of a component with the parameters of a send put in. A gap that a later edit of the template has added shows its example,
 * or its number, in brackets.
 */
export function fill(template: Template, part: 'HEADER' | 'BODY', sent: Json): string {
  const text = str(partOf(template, part)?.text)
  const parameters = objs(
    objs(sent.components).find((component) => str(component.type).toUpperCase() === part)?.parameters,
  )
  const values = new Map(
    parameters.map((parameter, index) => [
      template.parameterFormat === 'NAMED' ? str(parameter.parameter_name) : String(index + 1),
      str(parameter.text) || str(obj(parameter[str(parameter.type)]).fallback_value),
    ]),
  )
  return text.replace(VARIABLE, (_, name: string) => values.get(name) ?? `[${exampleOf(template, part, name)}]`)
}

function exampleOf(template: Template, part: 'HEADER' | 'BODY', name: string): string {
  const { body_text, header_text, body_text_named_params, header_text_named_params } = obj(
    partOf(template, part)?.example,
  )
  const named = objs(part === 'BODY' ? body_text_named_params : header_text_named_params)
  const listed: unknown = part === 'HEADER' ? header_text : Array.isArray(body_text) ? body_text[0] : null
  const example = Array.isArray(listed)
    ? listed[Number(name) - 1]
    : named.find((one) => str(one.param_name) === name)?.example
  return str(example) || (/^\d+$/.test(name) ? `Text ${name}` : name)
}

/** The address a URL button leads to. */
export function urlOf(template: Template, index: number, sent: Json): string {
  const component = objs(sent.components).find(
    (c) => str(c.type).toLowerCase() === 'button' && Number(c.index) === index,
  )
  const suffix = str(objs(component?.parameters)[0]?.text)
  return str(buttonsOf(template)[index]?.url).replace(VARIABLE, () => suffix)
}

/** The payload a quick reply sends back; Meta sends the label when the send named none. */
export function payloadOf(template: Template, index: number, sent: Json): string {
  const component = objs(sent.components).find(
    (c) => str(c.type).toLowerCase() === 'button' && Number(c.index) === index,
  )
  return str(objs(component?.parameters)[0]?.payload) || str(buttonsOf(template)[index]?.text)
}
