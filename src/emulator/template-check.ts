import type { Problem } from './codes.ts'
import { type Json, obj, objs, str } from './json.ts'
import { variablesOf } from './templates.ts'

const refuse = (subcode: number, title: string, details: string): Problem => ({ code: 100, subcode, title, details })
const length = (text: string): number => [...text].length

/**
 * What Meta's review form refuses at once, or null: names, lengths, variables, buttons, examples.
 * Source: cloud-api §4.2; subcodes as in the table of errors where it names them.
 */
export function checkTemplate(body: Json): Problem | null {
  const name = str(body.name)
  if (!/^[a-z0-9_]{1,512}$/.test(name))
    return refuse(2388193, 'Invalid name', 'Name may hold a-z, 0-9 and _ only, at most 512.')
  if (!/^[a-z]{2,3}(_[A-Z]{2,3})?$/.test(str(body.language)) || body.language === 'de_DE')
    return refuse(2388042, 'Unsupported language', `${str(body.language)} is not a supported language.`)
  if (!['MARKETING', 'UTILITY', 'AUTHENTICATION'].includes(str(body.category).toUpperCase()))
    return refuse(2388045, 'Invalid category', 'category must be MARKETING, UTILITY or AUTHENTICATION.')
  const format = str(body.parameter_format).toLowerCase()
  if (!['', 'named', 'positional'].includes(format))
    return refuse(2388046, 'Invalid parameter format', 'named or positional.')
  return checkComponents(objs(body.components), format === 'named')
}

/** The same for the components alone, as an edit sends them. */
export function checkComponents(components: Json[], named: boolean): Problem | null {
  const types = components.map((component) => str(component.type).toUpperCase())
  const odd = types.find((type) => !['HEADER', 'BODY', 'FOOTER', 'BUTTONS'].includes(type))
  if (odd !== undefined) return refuse(2388043, 'Unknown component', `Component type ${odd} is not known.`)
  if (!types.includes('BODY')) return refuse(2388043, 'Body missing', 'A template needs a BODY.')
  if (new Set(types).size !== types.length)
    return refuse(2388043, 'Component repeated', 'Each component may appear once.')
  for (const component of components) {
    const wrong = CHECKS[str(component.type).toUpperCase()]?.(component, named)
    if (wrong) return wrong
  }
  return null
}

const CHECKS: Record<string, (component: Json, named: boolean) => Problem | null> = {
  HEADER: (header, named) => {
    const format = str(header.format).toUpperCase()
    const example = obj(header.example)
    if (['IMAGE', 'VIDEO', 'DOCUMENT'].includes(format))
      return Array.isArray(example.header_handle)
        ? null
        : refuse(2388273, 'Example missing', 'A media header needs example.header_handle.')
    if (format === 'LOCATION') return null
    if (format !== 'TEXT') return refuse(2388072, 'Header format', `Header format ${format} is not known.`)
    const text = str(header.text)
    if (!text || length(text) > 60 || /[\n*_~`]/.test(text))
      return refuse(2388072, 'Header format', 'Header text: 1 to 60, no line break or markup.')
    if (variablesOf(text).length > 1) return refuse(2388072, 'Header format', 'Header text may hold one variable.')
    return checkVariables(text, named, named ? example.header_text_named_params : example.header_text, 'header')
  },
  BODY: (body, named) => {
    const text = str(body.text)
    const example = obj(body.example)
    if (!text || length(text) > 1024) return refuse(2388040, 'Body length', 'Body text: 1 to 1024.')
    const rows = Array.isArray(example.body_text) ? example.body_text[0] : undefined
    return checkVariables(text, named, named ? example.body_text_named_params : rows, 'body', true)
  },
  FOOTER: (footer) => {
    const text = str(footer.text)
    if (!text || length(text) > 60 || /\{\{|\n/.test(text))
      return refuse(2388073, 'Footer format', 'Footer text: 1 to 60, no variable.')
    return null
  },
  BUTTONS: ({ buttons }) => checkButtons(objs(buttons)),
}

function checkVariables(text: string, named: boolean, examples: unknown, where: string, edges = false): Problem | null {
  const names = variablesOf(text)
  if (/\{\{[^}]*[^a-z0-9_{} ][^}]*\}\}/.test(text))
    return refuse(2388293, 'Variable', `${where}: variable names are a-z, 0-9 and _.`)
  if (names.length === 0) return null
  if (!named && names.some((name, index) => name !== String(index + 1)))
    return refuse(2388293, 'Variable', `${where}: variables must be {{1}}, {{2}} … in order.`)
  if (named && names.some((name) => /^\d/.test(name)))
    return refuse(2388293, 'Variable', `${where}: named variables must not start with a digit.`)
  if (edges && (/^\s*\{\{/.test(text) || /\}\}\s*$/.test(text)))
    return refuse(2388299, 'Variable at the edge', `${where}: variables may not stand first or last.`)
  if (/\}\}\s*\{\{/.test(text)) return refuse(2388293, 'Variable', `${where}: variables may not touch.`)
  if (!Array.isArray(examples) || examples.length !== names.length)
    return refuse(2388043, 'Example missing', `${where}: one example for each of ${names.length} variables.`)
  const words = text.replace(/\{\{[^}]*\}\}/g, ' ').match(/[\p{L}\p{N}]+/gu)?.length ?? 0
  return edges && words < names.length * 2
    ? refuse(2388293, 'Too many variables', `${where}: too many variables for its length.`)
    : null
}

function checkButtons(buttons: Json[]): Problem | null {
  const types = buttons.map((button) => str(button.type).toUpperCase())
  const count = (type: string) => types.filter((each) => each === type).length
  if (buttons.length < 1 || buttons.length > 10) return refuse(2388019, 'Buttons', '1 to 10 buttons.')
  if (count('URL') > 2 || count('PHONE_NUMBER') > 1 || count('COPY_CODE') > 1)
    return refuse(2388019, 'Buttons', 'At most 2 URL, 1 phone and 1 copy-code button.')
  const quick = types
    .map((type) => type === 'QUICK_REPLY')
    .join('')
    .replaceAll('true', 'q')
    .replaceAll('false', '-')
  if (/q-+q/.test(quick)) return refuse(2388019, 'Buttons', 'Quick replies must stand together.')
  for (const [index, button] of buttons.entries()) {
    const type = types[index]!
    if (!['QUICK_REPLY', 'URL', 'PHONE_NUMBER', 'COPY_CODE', 'REQUEST_CONTACT_INFO', 'OTP'].includes(type))
      return refuse(2388019, 'Buttons', `Button type ${type} is not known.`)
    const text = str(button.text)
    if (['QUICK_REPLY', 'URL', 'PHONE_NUMBER'].includes(type) && (!text || length(text) > 25 || text.includes('{{')))
      return refuse(2388019, 'Buttons', 'Button label: 1 to 25, no variable.')
    if (type === 'PHONE_NUMBER' && !/^\+?[\d ]{1,20}$/.test(str(button.phone_number)))
      return refuse(2388019, 'Buttons', 'phone_number is not valid.')
    if (type === 'URL') {
      const url = str(button.url)
      if (!/^https?:\/\/\S+$/.test(url) || url.length > 2000) return refuse(2388019, 'Buttons', 'url is not valid.')
      const variables = variablesOf(url)
      if (variables.length > 1 || (variables.length === 1 && !/\}\}$/.test(url)))
        return refuse(2388019, 'Buttons', 'One variable, at the end of the url.')
      if (variables.length === 1 && !(Array.isArray(button.example) && button.example.length === 1))
        return refuse(2388019, 'Buttons', 'A url with a variable needs one example.')
    }
  }
  return null
}
