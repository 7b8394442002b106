import type { StoredTemplate } from '../channels/template-store.ts'
import type { Problem } from '../refusal.ts'
import { examplesOf } from '../whatsapp/template-examples.ts'
import { LIMITS } from '../whatsapp/templates.ts'
import { parameterFields, type Typed } from './compose-form.ts'
import { TextField } from './fields.tsx'
import { problemAt } from './office.ts'
import { inWords } from './words.ts'

/** An example that is longer is the field's hint, not a part of its name. */
const SHORT = 40

const MEDIUM: Readonly<Record<string, string>> = { IMAGE: 'Bild', VIDEO: 'Video', DOCUMENT: 'Dokument' }

type Gap = { name: string; label: string; hint?: string; max?: number; rows?: number; type?: 'url' }

/** The gaps of a template in the order of the form, under the one name that field and list of errors share. */
function gapsOf(components: unknown): Gap[] {
  const { medium, header, body, buttons } = parameterFields(components)
  const examples = examplesOf(components)
  const gap = (name: string, variable: string, place: string, example: string | undefined): Gap => {
    const hint = example ? `Zum Beispiel: ${example}` : undefined
    if (!/^\d+$/.test(variable)) return { name, label: inWords(variable), hint }
    return example && example.length <= SHORT
      ? { name, label: `${place} (z. B. „${example}“)` }
      : { name, label: place, hint }
  }
  return [
    ...(medium
      ? [
          {
            name: medium.name,
            label: `Adresse: ${MEDIUM[medium.format] ?? 'Medium'} über dem Text`,
            hint: 'Eine öffentliche Internetadresse, die mit https:// beginnt.',
            type: 'url' as const,
          },
        ]
      : []),
    ...header.map(({ name, variable }) => ({
      ...gap(name, variable, 'Überschrift', examples.header[variable]),
      max: LIMITS.header,
    })),
    ...body.map(({ name, variable, index }) => ({
      ...gap(name, variable, `Lücke ${index + 1} im Text`, examples.body[variable]),
      max: 600,
      rows: 2,
    })),
    ...buttons.map(({ name, button, index }) => ({
      name,
      label: button.type === 'COPY_CODE' ? 'Code zum Kopieren' : `Ende der Adresse hinter „${button.text}“`,
      hint:
        button.type === 'URL'
          ? `${button.url?.replace(/\{\{.*$/, '') ?? ''}… Zum Beispiel: ${examples.buttons[index] ?? ''}`
          : undefined,
    })),
  ]
}

/** The gaps of a template, each with the example that Meta approved it with. */
export function ParameterFields({
  template,
  typed,
  problems,
}: {
  template: StoredTemplate
  typed: Typed
  problems: readonly Problem[]
}) {
  const { components } = template
  // What concerns several gaps at once stands at the first.
  const errorAt = (name: string) =>
    problemAt(problems, name) ?? problems.find(({ field }) => inputOf(template, field) === name)?.message
  return (
    <>
      {gapsOf(components).map((gap) => (
        <TextField {...gap} value={typed.one[gap.name]} error={errorAt(gap.name)} required />
      ))}
    </>
  )
}

/** What the field with this name is called. */
export const labelOf = ({ components }: StoredTemplate, field: string): string | undefined =>
  gapsOf(components).find(({ name }) => name === field)?.label

/** The field where a problem is mended: its own, or the first of those it concerns. */
export function inputOf({ components }: StoredTemplate, field: string): string {
  const names = gapsOf(components).map(({ name }) => name)
  return names.find((name) => name === field || name.startsWith(`${field}.`)) ?? field
}
