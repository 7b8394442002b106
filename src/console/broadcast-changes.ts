import { type Content, canonical, type Note, type Row } from '../broadcasts/broadcasts.ts'
import type { TemplateParameters } from '../whatsapp/templates.ts'

export type Version = { at: string; by: string; content: Content }
export type Change = { what: string; before: string; after: string }

/** The versions handed in for approval, oldest first. */
export const submittedVersions = (row: Row): Version[] =>
  (row.history as Note[]).flatMap(({ did, at, by, content }) =>
    did === 'submitted' && content ? [{ at, by, content }] : [],
  )

/** What the latest version says differently from the one before; nothing if it is the first. */
export function changesSince(versions: readonly Version[]): Change[] {
  const [before, after] = versions.slice(-2)
  if (!before || !after) return []
  const [old, fresh] = [flat(before.content), flat(after.content)]
  return [...new Set([...old.keys(), ...fresh.keys()])].flatMap((what) => {
    const [was, is] = [old.get(what) ?? '', fresh.get(what) ?? '']
    return was === is ? [] : [{ what, before: was, after: is }]
  })
}

const PARTS = { header: 'Überschrift', body: 'Text', buttons: 'Schaltfläche' } as const

function flat(content: Content): Map<string, string> {
  const { title, template, parameters, audience, sendAt, recurrence } = content
  return new Map([
    ['Titel', title],
    ['Vorlage', `${template.name} (${template.language})`],
    ...(Object.keys(PARTS) as (keyof TemplateParameters)[]).flatMap((part) =>
      Object.entries(parameters[part] ?? {}).map(([key, value]): [string, string] => [
        `${PARTS[part]}, Lücke ${/^\d+$/.test(key) ? Number(key) + 1 : `„${key}“`}`,
        typeof value === 'string' ? value : canonical(value),
      ]),
    ),
    ['Themen', audience.topics?.join(', ') ?? 'alle'],
    ['Zeitpunkt', sendAt ? String(sendAt) : 'sofort'],
    ['Rhythmus', recurrence ? canonical(recurrence) : 'einmalig'],
  ])
}
