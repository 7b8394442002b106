import type { StoredTemplate } from '../channels/template-store.ts'
import type { Problem } from '../refusal.ts'
import { isRecord, list, record, text } from '../whatsapp/loose.ts'
import type { TemplateDraft } from '../whatsapp/template-rules.ts'
import { shapeOf, variablesIn } from '../whatsapp/template-shape.ts'

export type Form = Readonly<Record<string, string>>
export const BUTTON_ROWS = [0, 1, 2] as const

const linesOf = (words: string | undefined) =>
  (words ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)

/** What the form describes, as Meta's create call takes it. Numbers as gaps are positional, words are named. */
export function draftFrom(form: Form): TemplateDraft {
  const [head, body, foot] = [
    form.kopf?.trim() ?? '',
    (form.text ?? '').replace(/\r\n/g, '\n').trim(),
    form.fuss?.trim() ?? '',
  ]
  const named = [...(form.kopfart === 'IMAGE' ? [] : variablesIn(head)), ...variablesIn(body)].some(
    (variable) => !/^\d+$/.test(variable),
  )
  const components: Record<string, unknown>[] = []
  const example = (where: 'header' | 'body', words: string, given: readonly string[]) => {
    const variables = variablesIn(words)
    if (variables.length === 0) return {}
    const values = variables.map((_, index) => given[index]).filter((value) => value !== undefined)
    if (named) {
      const params = variables.flatMap((variable, index) =>
        given[index] === undefined ? [] : [{ param_name: variable, example: given[index] }],
      )
      return { example: { [`${where}_text_named_params`]: params } }
    }
    return { example: where === 'body' ? { body_text: [values] } : { header_text: values } }
  }
  if (form.kopfart === 'IMAGE') components.push({ type: 'HEADER', format: 'IMAGE' })
  else if (head)
    components.push({
      type: 'HEADER',
      format: 'TEXT',
      text: head,
      ...example('header', head, linesOf(form.kopfbeispiel)),
    })
  components.push({ type: 'BODY', text: body, ...example('body', body, linesOf(form.beispiele)) })
  if (foot) components.push({ type: 'FOOTER', text: foot })
  const buttons = BUTTON_ROWS.flatMap((row) => buttonFrom(form, row))
  if (buttons.length > 0) components.push({ type: 'BUTTONS', buttons })
  return {
    name: form.name?.trim() ?? '',
    language: form.language?.trim() || 'de',
    category: form.category === 'UTILITY' ? 'UTILITY' : 'MARKETING',
    parameter_format: named ? 'named' : 'positional',
    components,
  }
}

function buttonFrom(form: Form, row: number): object[] {
  const [kind, words, value] = [form[`art${row}`], form[`knopf${row}`]?.trim() ?? '', form[`ziel${row}`]?.trim() ?? '']
  if (kind === 'QUICK_REPLY') return [{ type: kind, text: words }]
  if (kind === 'PHONE_NUMBER') return [{ type: kind, text: words, phone_number: value.replace(/[\s()/-]/g, '') }]
  if (kind !== 'URL') return []
  const end = form[`ende${row}`]?.trim()
  const variable = variablesIn(value).length > 0
  const example = variable && end ? { example: [value.replace(/\{\{[^{}]*\}\}/, end)] } : {}
  return [{ type: kind, text: words, url: value, ...example }]
}

/** The form's fields for a template that is there already. */
export function formOfTemplate({ name, language, category, components }: StoredTemplate): Form {
  const parts = list(components).filter(isRecord)
  const part = (type: string) => record(parts.find((one) => text(one.type)?.toUpperCase() === type))
  const [head, body, foot] = [part('HEADER'), part('BODY'), part('FOOTER')]
  const form: Record<string, string> = {
    name,
    language,
    category,
    kopfart: formatOf(components) === 'IMAGE' ? 'IMAGE' : 'TEXT',
    kopf: text(head.text) ?? '',
    kopfbeispiel: examplesIn(head, 'header').join('\n'),
    text: text(body.text) ?? '',
    beispiele: examplesIn(body, 'body').join('\n'),
    fuss: text(foot.text) ?? '',
  }
  for (const [row, one] of list(part('BUTTONS').buttons).map(record).entries()) {
    form[`art${row}`] = text(one.type)?.toUpperCase() ?? ''
    form[`knopf${row}`] = text(one.text) ?? ''
    const url = text(one.url) ?? ''
    form[`ziel${row}`] = url || (text(one.phone_number) ?? '')
    const example = text(list(one.example)[0])
    if (example) form[`ende${row}`] = example.replace(url.replace(/\{\{.*$/, ''), '')
  }
  return form
}

/** What stands above the text of a template: TEXT, also for nothing, or a medium. */
export const formatOf = (components: unknown): string => shapeOf(components).header?.format ?? 'TEXT'

/** Media that this form cannot upload; changing such a template here would take them away. */
export const isBeyondForm = (components: unknown): boolean => !['TEXT', 'IMAGE'].includes(formatOf(components))

function examplesIn(component: Record<string, unknown>, where: 'header' | 'body'): string[] {
  const example = record(component.example)
  const named = list(example[`${where}_text_named_params`]).map((one) => text(record(one).example) ?? '')
  if (named.length > 0) return named
  const listed = where === 'body' ? list(list(example.body_text)[0]) : list(example.header_text)
  return listed.map((one) => text(one) ?? '')
}

const FIELDS: Readonly<Record<string, { text: string; example: string }>> = {
  HEADER: { text: 'kopf', example: 'kopfbeispiel' },
  BODY: { text: 'text', example: 'beispiele' },
  FOOTER: { text: 'fuss', example: 'fuss' },
}

const WHOLE: Readonly<Record<string, string>> = { components: 'text', picture: 'bild' }

/** Problems of a draft with the names of the form's fields. */
export function problemsInForm(draft: TemplateDraft, form: Form, problems: readonly Problem[]): Problem[] {
  const rows = BUTTON_ROWS.filter((row) => buttonFrom(form, row).length > 0)
  return problems.map(({ field, message }) => {
    const [, index, rest] = /^components\.(\d+)\.?(.*)$/.exec(field) ?? []
    if (index === undefined) return { field: WHOLE[field] ?? field, message }
    const { type, format } = draft.components[Number(index)] ?? {}
    if (format === 'IMAGE') return { field: 'bild', message: 'Bitte wählen Sie ein Beispielbild.' }
    if (type !== 'BUTTONS')
      return { field: FIELDS[String(type)]?.[rest!.startsWith('example') ? 'example' : 'text'] ?? 'text', message }
    const [, button, part] = /^buttons\.(\d+)\.?(.*)$/.exec(rest!) ?? []
    const row = rows[Number(button ?? 0)] ?? 0
    const name = part === 'text' ? 'knopf' : part?.startsWith('example') ? 'ende' : part ? 'ziel' : 'art'
    return { field: `${name}${row}`, message }
  })
}
