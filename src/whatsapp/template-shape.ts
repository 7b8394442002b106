import { isRecord, list, record, text } from './loose.ts'

/** What a template asks for and shows, read from Meta's `components`, ours or theirs. */
export type TemplateShape = {
  header?: { format: string; text: string; variables: readonly string[] }
  body: { text: string; variables: readonly string[] }
  footer?: string
  buttons: readonly TemplateButton[]
  /** True if the variables have names; names and positions never mix. */
  named: boolean
}

/** `variable`: an address whose end is filled in, or a code to copy. `url` still holds its `{{1}}`. */
export type TemplateButton = { type: string; text: string; url?: string; phone?: string; variable: boolean }

const VARIABLE = /\{\{\s*([^{}]*?)\s*\}\}/g

/** Names or numbers of the variables in a text, each once: numbers in their order, which is the one Meta takes values in; names as they appear. */
export function variablesIn(words: string): string[] {
  const names = [...new Set([...words.matchAll(VARIABLE)].map(([, name]) => name!))]
  return names.every((name) => /^\d+$/.test(name)) ? names.sort((a, b) => Number(a) - Number(b)) : names
}

/** The text with its variables filled in; what has no value keeps its `{{…}}`, so that a preview shows what is missing. */
export const filled = (words: string, value: (variable: string) => string | undefined): string =>
  words.replace(VARIABLE, (whole, name: string) => value(name) ?? whole)

/** Tolerant: an unknown component is left out, a missing body is an empty one. */
export function shapeOf(components: unknown): TemplateShape {
  const parts = list(components).filter(isRecord)
  const part = (type: string) => parts.find((one) => text(one.type)?.toUpperCase() === type)
  const header = part('HEADER')
  const body = text(part('BODY')?.text) ?? ''
  const headerText = text(header?.text) ?? ''
  const variables = variablesIn(body)
  const headerVariables = variablesIn(headerText)
  return {
    header: header && {
      format: text(header.format)?.toUpperCase() ?? 'TEXT',
      text: headerText,
      variables: headerVariables,
    },
    body: { text: body, variables },
    footer: text(part('FOOTER')?.text),
    buttons: list(part('BUTTONS')?.buttons).map((one) => {
      const button = record(one)
      const type = text(button.type)?.toUpperCase() ?? ''
      const url = text(button.url)
      const variable = type === 'COPY_CODE' || (type === 'URL' && variablesIn(url ?? '').length > 0)
      return { type, text: text(button.text) ?? '', url, phone: text(button.phone_number), variable }
    }),
    named: [...variables, ...headerVariables].some((name) => !/^\d+$/.test(name)),
  }
}
