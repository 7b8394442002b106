import type { StoredTemplate } from '../channels/template-store.ts'
import type { Problem } from '../refusal.ts'
import { examplesOf } from '../whatsapp/template-examples.ts'
import { LIMITS } from '../whatsapp/templates.ts'
import { parameterFields, type Typed } from './compose-form.ts'
import { TextField } from './fields.tsx'
import { problemAt } from './office.ts'
import { inWords } from './words.ts'

const MEDIUM: Readonly<Record<string, string>> = { IMAGE: 'Bild', VIDEO: 'Video', DOCUMENT: 'Dokument' }

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
  const { medium, header, body, buttons } = parameterFields(template.components)
  const examples = examplesOf(template.components)
  const field = (name: string, label: string, example: string | undefined, max: number, rows?: number) => (
    <TextField
      name={name}
      label={label}
      value={typed.one[name]}
      hint={example ? `Zum Beispiel: ${example}` : undefined}
      error={problemAt(problems, name)}
      max={max}
      rows={rows}
      required
    />
  )
  const whole = problems.find(({ field: name }) => name === 'parameters.body' || name === 'parameters.header')
  return (
    <>
      {medium && (
        <TextField
          name={medium.name}
          label={`Adresse: ${MEDIUM[medium.format] ?? 'Medium'} über dem Text`}
          hint="Eine öffentliche Internetadresse, die mit https:// beginnt."
          type="url"
          value={typed.one[medium.name]}
          error={problemAt(problems, medium.name) ?? problemAt(problems, 'parameters.header.0')}
          required
        />
      )}
      {header.map(({ name, variable }) =>
        field(name, labelOf(variable, 'Überschrift'), examples.header[variable], LIMITS.header),
      )}
      {body.map(({ name, variable, index }) =>
        field(name, labelOf(variable, `Lücke ${index + 1} im Text`), examples.body[variable], 600, 2),
      )}
      {buttons.map(({ name, button, index }) => (
        <TextField
          name={name}
          label={button.type === 'COPY_CODE' ? `Code zum Kopieren` : `Ende der Adresse hinter „${button.text}“`}
          hint={
            button.type === 'URL'
              ? `${button.url?.replace(/\{\{.*$/, '') ?? ''}… Zum Beispiel: ${examples.buttons[index] ?? ''}`
              : undefined
          }
          value={typed.one[name]}
          error={problemAt(problems, name)}
          required
        />
      ))}
      {whole && <p class="kern-error kern-body">{whole.message}</p>}
    </>
  )
}

/** What the fields of a template are called, by name. */
export function parameterLabels(template: StoredTemplate): Record<string, string> {
  const { medium, header, body, buttons } = parameterFields(template.components)
  return Object.fromEntries([
    ...(medium ? [[medium.name, MEDIUM[medium.format] ?? 'Medium']] : []),
    ...header.map(({ name, variable }) => [name, labelOf(variable, 'Überschrift')]),
    ...body.map(({ name, variable, index }) => [name, labelOf(variable, `Lücke ${index + 1} im Text`)]),
    ...buttons.map(({ name, button }) => [name, `Schaltfläche „${button.text}“`]),
  ])
}

/** `strasse` → `Straße`; a bare number says where the gap is. */
function labelOf(variable: string, fallback: string): string {
  if (/^\d+$/.test(variable)) return fallback
  return inWords(variable)
}
