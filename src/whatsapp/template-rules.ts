import type { Problem } from '../refusal.ts'
import { isRecord, type Loose, list, record, text } from './loose.ts'
import { variablesIn } from './template-shape.ts'
import { LIMITS } from './templates.ts'

/** A template as Meta's create call takes it. */
export type TemplateDraft = {
  name: string
  language: string
  category: 'MARKETING' | 'UTILITY' | 'AUTHENTICATION'
  parameter_format?: 'named' | 'positional'
  components: readonly Record<string, unknown>[]
  message_send_ttl_seconds?: number
}

/**
 * What Meta would reject in a template, each with its field (`components.1.text`) and a German sentence. Takes any JSON.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components
 */
export function validateTemplate(template: unknown): Problem[] {
  if (!isRecord(template)) return [{ field: '', message: 'Die Vorlage hat die falsche Form.' }]
  const format = text(template.parameter_format)?.toLowerCase() ?? 'positional'
  const components = list(template.components).map(record)
  return [
    ...checkFrame(template, format),
    ...checkComponents(template, components),
    ...components.flatMap((component, index) => checkComponent(component, `components.${index}`, format)),
  ]
}

const problem = (field: string, message: string): Problem[] => [{ field, message }]

function checkFrame(template: Loose, format: string): Problem[] {
  const { name, language, category } = template
  const problems: Problem[] = []
  if (typeof name !== 'string' || !/^[a-z0-9_]{1,512}$/.test(name)) {
    problems.push(...problem('name', 'Der Name darf nur Kleinbuchstaben, Ziffern und Unterstriche enthalten.'))
  }
  if (typeof language !== 'string' || !/^[a-z]{2,3}(_[A-Z]{2,3})?$/.test(language)) {
    problems.push(...problem('language', 'Hier wird ein Sprachkürzel wie „de“ erwartet.'))
  } else if (language === 'de_DE') {
    problems.push(...problem('language', 'WhatsApp kennt „de“, „de_AT“ und „de_CH“, aber kein „de_DE“.'))
  }
  if (!['MARKETING', 'UTILITY', 'AUTHENTICATION'].includes(String(category))) {
    problems.push(...problem('category', 'Die Kategorie muss MARKETING, UTILITY oder AUTHENTICATION sein.'))
  }
  if (format !== 'named' && format !== 'positional') {
    problems.push(...problem('parameter_format', 'Möglich sind „named“ und „positional“.'))
  }
  return [...problems, ...checkLifetime(template.message_send_ttl_seconds, category)]
}

/** How long Meta keeps trying to deliver: a warning from yesterday is worse than none. */
function checkLifetime(ttl: unknown, category: unknown): Problem[] {
  const field = 'message_send_ttl_seconds'
  if (ttl === undefined || ttl === -1) return []
  if (category === 'MARKETING') return problem(field, 'Für MARKETING lässt sich hier keine Zustellfrist festlegen.')
  const fits = typeof ttl === 'number' && Number.isInteger(ttl) && ttl >= 30 && ttl <= 43_200
  return fits ? [] : problem(field, 'Die Zustellfrist liegt zwischen 30 und 43200 Sekunden.')
}

function checkComponents(template: Loose, components: readonly Loose[]): Problem[] {
  if (!Array.isArray(template.components)) return problem('components', 'Hier fehlen die Bestandteile der Vorlage.')
  const types = components.map(({ type }) => String(type).toUpperCase())
  const problems = types.flatMap((type, index) => {
    if (!['HEADER', 'BODY', 'FOOTER', 'BUTTONS'].includes(type)) {
      return problem(`components.${index}.type`, 'Möglich sind HEADER, BODY, FOOTER und BUTTONS.')
    }
    return types.indexOf(type) < index ? problem(`components.${index}.type`, 'Diesen Bestandteil gibt es schon.') : []
  })
  return types.includes('BODY') ? problems : [...problems, ...problem('components', 'Der Text (BODY) fehlt.')]
}

function checkComponent(component: Loose, field: string, format: string): Problem[] {
  switch (String(component.type).toUpperCase()) {
    case 'HEADER':
      return checkHeader(component, field, format)
    case 'BODY':
      return checkBody(component, field, format)
    case 'FOOTER': {
      const words = text(component.text) ?? ''
      return [
        ...checkLength(`${field}.text`, words, LIMITS.footer),
        ...(variablesIn(words).length > 0 ? problem(`${field}.text`, 'Die Fußzeile darf keine Lücke enthalten.') : []),
      ]
    }
    case 'BUTTONS':
      return checkButtons(component, field)
  }
  return []
}

const checkLength = (field: string, words: string, limit: number): Problem[] =>
  words.trim() === ''
    ? problem(field, 'Dieser Text fehlt.')
    : words.length > limit
      ? problem(field, `Zu lang: ${words.length} von höchstens ${limit} Zeichen.`)
      : []

function checkHeader(header: Loose, field: string, format: string): Problem[] {
  const kind = String(header.format).toUpperCase()
  const example = record(header.example)
  if (['IMAGE', 'VIDEO', 'DOCUMENT'].includes(kind)) {
    const handle = text(list(example.header_handle)[0])
    return handle === undefined ? problem(`${field}.example.header_handle`, 'Hier fehlt eine Beispieldatei.') : []
  }
  if (kind === 'LOCATION') return []
  if (kind !== 'TEXT') return problem(`${field}.format`, 'Möglich sind TEXT, IMAGE, VIDEO, DOCUMENT und LOCATION.')
  const words = text(header.text) ?? ''
  const variables = variablesIn(words)
  return [
    ...checkLength(`${field}.text`, words, LIMITS.header),
    ...(/[\n\r]/.test(words) ? problem(`${field}.text`, 'Die Überschrift darf keinen Zeilenumbruch enthalten.') : []),
    ...(variables.length > 1 ? problem(`${field}.text`, 'Die Überschrift darf höchstens eine Lücke enthalten.') : []),
    ...checkVariables(`${field}.text`, words, format),
    ...checkExamples(`${field}.example`, variables, format, example.header_text, example.header_text_named_params),
  ]
}

function checkBody(body: Loose, field: string, format: string): Problem[] {
  const words = text(body.text) ?? ''
  const variables = variablesIn(words)
  const example = record(body.example)
  const trimmed = words.trim()
  const plainWords = words.replace(/\{\{.*?\}\}/g, ' ').match(/[\p{L}\p{N}]+/gu)?.length ?? 0
  return [
    ...checkLength(`${field}.text`, words, LIMITS.body),
    ...(/^\{\{/.test(trimmed) ? problem(`${field}.text`, 'Der Text darf nicht mit einer Lücke beginnen.') : []),
    ...(/\}\}$/.test(trimmed) ? problem(`${field}.text`, 'Der Text darf nicht mit einer Lücke enden.') : []),
    ...(/\}\}\s*\{\{/.test(words) ? problem(`${field}.text`, 'Zwischen zwei Lücken muss Text stehen.') : []),
    // Meta's rule behind 2388293 as integrators observe it: at least twice as many words as variables, and one more.
    ...(variables.length > 0 && plainWords < 2 * variables.length + 1
      ? problem(`${field}.text`, 'Für so viele Lücken ist der Text zu kurz.')
      : []),
    ...checkVariables(`${field}.text`, words, format),
    ...checkExamples(`${field}.example`, variables, format, list(example.body_text)[0], example.body_text_named_params),
  ]
}

function checkVariables(field: string, words: string, format: string): Problem[] {
  const variables = variablesIn(words)
  if (words.replace(/\{\{[^{}]*\}\}/g, '').match(/\{\{|\}\}/)) {
    return problem(field, 'Eine Lücke ist nicht richtig geklammert.')
  }
  if (format === 'named') {
    const wrong = variables.find((name) => !/^[a-z][a-z0-9_]*$/.test(name))
    return wrong === undefined
      ? []
      : problem(field, `„{{${wrong}}}“: Namen bestehen aus Kleinbuchstaben, Ziffern und Unterstrichen.`)
  }
  const counted = variables.every((name, index) => name === String(index + 1))
  return counted ? [] : problem(field, 'Lücken heißen {{1}}, {{2}} und so weiter, der Reihe nach.')
}

function checkExamples(
  field: string,
  variables: readonly string[],
  format: string,
  listed: unknown,
  named: unknown,
): Problem[] {
  if (variables.length === 0) return []
  const given =
    format === 'named'
      ? variables.filter((name) =>
          list(named).some((one) => record(one).param_name === name && text(record(one).example)),
        )
      : list(listed).filter((one) => text(one) !== undefined)
  if (given.length === variables.length) return []
  return problem(field, 'Für jede Lücke wird genau ein Beispiel gebraucht.')
}

function checkButtons(component: Loose, field: string): Problem[] {
  const buttons = list(component.buttons).map(record)
  const types = buttons.map(({ type }) => String(type).toUpperCase())
  const count = (type: string) => types.filter((one) => one === type).length
  const replies = types.flatMap((type, index) => (type === 'QUICK_REPLY' ? [index] : []))
  const apart = replies.length > 0 && replies.at(-1)! - replies[0]! >= replies.length
  const at = `${field}.buttons`
  return [
    ...(buttons.length === 0 ? problem(at, 'Hier fehlt mindestens eine Schaltfläche.') : []),
    ...(buttons.length > 10 ? problem(at, 'Höchstens zehn Schaltflächen sind erlaubt.') : []),
    ...(count('URL') > 2 ? problem(at, 'Höchstens zwei Schaltflächen mit Internetadresse sind erlaubt.') : []),
    ...(count('PHONE_NUMBER') > 1 ? problem(at, 'Höchstens eine Schaltfläche mit Rufnummer ist erlaubt.') : []),
    ...(count('COPY_CODE') > 1 ? problem(at, 'Höchstens eine Schaltfläche zum Kopieren ist erlaubt.') : []),
    ...(apart ? problem(at, 'Antwort-Schaltflächen müssen nebeneinander stehen.') : []),
    ...buttons.flatMap((button, index) => checkButton(button, types[index]!, `${at}.${index}`)),
  ]
}

/** Labels of these are Meta's own. */
const FIXED_LABEL = new Set(['COPY_CODE', 'REQUEST_CONTACT_INFO', 'OTP'])

function checkButton(button: Loose, type: string, field: string): Problem[] {
  const label = FIXED_LABEL.has(type) ? [] : checkLength(`${field}.text`, text(button.text) ?? '', LIMITS.buttonLabel)
  if (type === 'PHONE_NUMBER') {
    const fits = /^\+?\d{5,20}$/.test(text(button.phone_number) ?? '')
    return fits ? label : [...label, ...problem(`${field}.phone_number`, 'Das ist keine Rufnummer.')]
  }
  if (type !== 'URL') return label
  const url = text(button.url) ?? ''
  const variables = variablesIn(url)
  const wrong = [
    ...(/^https?:\/\/[^\s/]+/.test(url) ? [] : problem(`${field}.url`, 'Das ist keine Internetadresse.')),
    ...(url.length > LIMITS.url ? problem(`${field}.url`, `Höchstens ${LIMITS.url} Zeichen.`) : []),
  ]
  if (variables.length > 0) {
    // A variable right behind the host would let a parameter lead to another one (example.org + ".evil.org").
    if (!/^https?:\/\/[^\s/{]+[/?#][^{]*\{\{[^{}]+\}\}$/.test(url)) {
      wrong.push(...problem(`${field}.url`, 'Die Lücke muss am Ende der Adresse stehen, hinter einem Schrägstrich.'))
    }
    if (text(list(button.example)[0]) === undefined)
      wrong.push(...problem(`${field}.example`, 'Hier fehlt eine Beispieladresse.'))
  }
  return [...label, ...wrong]
}
