import { Temporal } from 'temporal-polyfill'
import type { Content } from '../broadcasts/broadcasts.ts'
import type { Recurrence } from '../broadcasts/calendar.ts'
import type { Channel } from '../channels/channel.ts'
import type { Problem } from '../refusal.ts'
import { shapeOf, type TemplateShape } from '../whatsapp/template-shape.ts'
import type { TemplateParameters } from '../whatsapp/templates.ts'

/** What somebody typed into the form, by field name; names are those of the API, so that errors find their field. */
export type Typed = { one: Readonly<Record<string, string>>; topics: readonly string[]; weekdays: readonly string[] }

export const typedIn = (body: Record<string, unknown>): Typed => {
  const many = (name: string) => [body[name]].flat().filter((value): value is string => typeof value === 'string')
  const one = Object.fromEntries(
    Object.entries(body)
      .map(([name, value]) => [name, Array.isArray(value) ? value.at(-1) : value])
      .filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  )
  return { one, topics: many('thema'), weekdays: many('wochentag') }
}

/** A template as a form names it: `stadt_meldung.de`. */
export const templateKey = ({ name, language }: { name: string; language: string }) => `${name}.${language}`

export function templateOf(key: string): { name: string; language: string } {
  const dot = key.lastIndexOf('.')
  return { name: key.slice(0, Math.max(dot, 0)), language: key.slice(dot + 1) }
}

const MEDIA: ReadonlySet<string> = new Set(['IMAGE', 'VIDEO', 'DOCUMENT'])
export const isMedium = (header: TemplateShape['header']): boolean => header !== undefined && MEDIA.has(header.format)

/** The names of a template's fields in the form, with what each fills in. */
export function parameterFields(components: unknown) {
  const { header, body, buttons, named } = shapeOf(components)
  const texts = (where: string, variables: readonly string[]) =>
    variables.map((variable, index) => ({ name: `parameters.${where}.${named ? variable : index}`, variable, index }))
  return {
    medium: isMedium(header) ? { name: 'parameters.header.0.link', format: header!.format } : null,
    header: isMedium(header) ? [] : texts('header', header?.variables ?? []),
    body: texts('body', body.variables),
    buttons: buttons.flatMap((button, index) =>
      button.variable ? [{ name: `parameters.buttons.${index}`, button, index: String(index) }] : [],
    ),
    named,
  }
}

export function parametersFrom(components: unknown, { one }: Typed): TemplateParameters {
  const fields = parameterFields(components)
  const texts = (list: typeof fields.body) =>
    fields.named
      ? Object.fromEntries(list.map(({ name, variable }) => [variable, (one[name] ?? '').trim()]))
      : list.map(({ name }) => (one[name] ?? '').trim())
  const link = fields.medium ? (one[fields.medium.name] ?? '').trim() : ''
  return {
    ...(fields.medium ? { header: link ? [{ link }] : [] } : {}),
    ...(fields.header.length > 0 ? { header: texts(fields.header) } : {}),
    ...(fields.body.length > 0 ? { body: texts(fields.body) } : {}),
    ...(fields.buttons.length > 0
      ? { buttons: Object.fromEntries(fields.buttons.map(({ name, index }) => [index, (one[name] ?? '').trim()])) }
      : {}),
  }
}

/** The content that the form describes, with what is wrong about its date and time; everything else the verb checks. */
export function contentFrom(
  typed: Typed,
  channel: Channel,
  template: { name: string; language: string; components: unknown },
): { content: Content; problems: Problem[] } {
  const { one, topics } = typed
  const problems: Problem[] = []
  const when = one.wann ?? 'sofort'
  const sendAt = when === 'am' ? instantOf(one.sendAt ?? '', channel.timezone) : null
  if (when === 'am' && !sendAt) problems.push({ field: 'sendAt', message: 'Bitte geben Sie Datum und Uhrzeit an.' })
  const recurrence = when === 'wieder' ? recurrenceFrom(typed) : null
  if (recurrence && 'problem' in recurrence) problems.push(recurrence.problem)
  const begin = when === 'wieder' && one.ab ? instantOf(`${one.ab}T00:00`, channel.timezone) : null
  const content: Content = {
    title: (one.title ?? '').trim(),
    template: { name: template.name, language: template.language },
    parameters: parametersFrom(template.components, typed),
    audience: { offering: 'info', ...(one.an === 'themen' ? { topics: [...topics] } : {}) },
    sendAt: when === 'wieder' ? begin : sendAt,
    recurrence: recurrence && !('problem' in recurrence) ? recurrence : null,
  }
  return { content, problems }
}

/** A local date and time as an instant; a time that does not exist is an hour later, one that comes twice is the first. */
export function instantOf(local: string, zone: string): Date | null {
  try {
    return new Date(Temporal.PlainDateTime.from(local).toZonedDateTime(zone).epochMilliseconds)
  } catch {
    return null
  }
}

/** An instant for a `datetime-local` field. */
export const localOf = (at: Date, zone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(at.getTime())
    .toZonedDateTimeISO(zone)
    .toPlainDateTime()
    .toString({ smallestUnit: 'minute' })

const CLOCK = /^([01]?\d|2[0-3]):([0-5]\d)$/

function recurrenceFrom({ one, weekdays }: Typed): Recurrence | { problem: Problem } {
  const wrong = (message: string, field = 'recurrence.cron') => ({ problem: { field, message } })
  const until = one['recurrence.until'] || null
  if (one.rhythmus === 'cron') return { cron: (one.cron ?? '').trim(), until }
  const [, hour, minute] = CLOCK.exec(one.um ?? '') ?? []
  if (hour === undefined) return wrong('Bitte geben Sie die Uhrzeit an, zum Beispiel 9:00.')
  const clock = `${Number(minute)} ${Number(hour)}`
  if (one.rhythmus === 'monat') return { cron: `${clock} ${Number(one.monatstag ?? 1)} * *`, until }
  if (weekdays.length === 0) return wrong('Bitte wählen Sie mindestens einen Wochentag.', 'wochentag')
  return { cron: `${clock} * * ${[...weekdays].sort().join(',')}`, until }
}

/** The form's fields for content that is there already. */
export function typedOf(content: Content, components: unknown, zone: string): Typed {
  const { title, parameters, audience, sendAt, recurrence } = content
  const fields = parameterFields(components)
  const one: Record<string, string> = { title, an: audience.topics ? 'themen' : 'alle' }
  const value = (of: TemplateParameters['header'] | TemplateParameters['body'], key: string | number) =>
    (of as Record<string | number, unknown> | undefined)?.[key]
  for (const [where, list] of [['header', fields.header] as const, ['body', fields.body] as const]) {
    for (const { name, variable, index } of list) {
      const given = parameters[where]
      one[name] = String(value(given, Array.isArray(given) ? index : variable) ?? '')
    }
  }
  const medium = Array.isArray(parameters.header) ? parameters.header[0] : undefined
  if (fields.medium && typeof medium === 'object' && 'link' in medium) one[fields.medium.name] = medium.link
  for (const { name, index } of fields.buttons) one[name] = parameters.buttons?.[index] ?? ''
  one.wann = recurrence ? 'wieder' : sendAt ? 'am' : 'sofort'
  if (sendAt && !recurrence) one.sendAt = localOf(sendAt, zone)
  if (sendAt && recurrence) one.ab = localOf(sendAt, zone).slice(0, 10)
  const weekdays = recurrence ? rhythmInto(one, recurrence) : []
  return { one, topics: audience.topics ?? [], weekdays }
}

function rhythmInto(one: Record<string, string>, { cron, until }: Recurrence): string[] {
  one['recurrence.until'] = until ?? ''
  const [, minute, hour, dayOfMonth, days] = /^(\d{1,2}) (\d{1,2}) (\d{1,2}|\*) \* ([\d,]+|\*)$/.exec(cron) ?? []
  if (minute === undefined || (dayOfMonth === '*') === (days === '*')) {
    one.rhythmus = 'cron'
    one.cron = cron
    return []
  }
  one.um = `${hour!.padStart(2, '0')}:${minute.padStart(2, '0')}`
  one.rhythmus = dayOfMonth === '*' ? 'woche' : 'monat'
  if (dayOfMonth !== '*') one.monatstag = dayOfMonth!
  return dayOfMonth === '*' ? days!.split(',') : []
}
