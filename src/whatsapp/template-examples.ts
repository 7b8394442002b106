import { isRecord, list, record, text } from './loose.ts'

/** By the variable's own word; for buttons by their index. */
export type Examples = {
  header: Record<string, string>
  body: Record<string, string>
  buttons: Record<string, string>
}

/** The examples that Meta approved a template with. Tolerant: what has none is missing, or empty. */
export function examplesOf(components: unknown): Examples {
  const parts = list(components).filter(isRecord)
  const part = (type: string) => record(parts.find((one) => text(one.type)?.toUpperCase() === type))
  const texts = (listed: unknown, named: unknown) => {
    const found: Record<string, string> = {}
    for (const [index, one] of list(listed).entries()) found[String(index + 1)] = text(one) ?? ''
    for (const one of list(named).map(record)) found[text(one.param_name) ?? ''] = text(one.example) ?? ''
    return found
  }
  const header = record(part('HEADER').example)
  const body = record(part('BODY').example)
  const buttons = list(part('BUTTONS').buttons).map((one) => {
    const { url, example } = record(one)
    const base = text(url)?.replace(/\{\{.*$/, '') ?? ''
    return (text(list(example)[0]) ?? '').replace(base, '')
  })
  return {
    header: texts(header.header_text, header.header_text_named_params),
    body: texts(list(body.body_text)[0], body.body_text_named_params),
    buttons: Object.fromEntries(buttons.entries()),
  }
}
