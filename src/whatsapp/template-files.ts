import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord } from './loose.ts'
import type { RemoteTemplate } from './management.ts'
import { type TemplateDraft, validateTemplate } from './template-rules.ts'
import { shapeOf } from './template-shape.ts'

export type TemplateFileProblem = { file: string; field: string; message: string }

/**
 * All `<name>.<language>.json` of a folder, sorted by file name, and every problem of every file at once. A folder that is empty or not
 * there has no templates. Only templates without a problem are returned.
 */
export async function readTemplates(
  folder: string,
): Promise<{ templates: TemplateDraft[]; problems: TemplateFileProblem[] }> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const templates: TemplateDraft[] = []
  const problems: TemplateFileProblem[] = []
  for (const file of names.filter((name) => name.endsWith('.json')).sort()) {
    const template = parsed(await readFile(join(folder, file), 'utf8'))
    const found =
      template instanceof Error
        ? [{ field: '', message: `Kein gültiges JSON: ${template.message}` }]
        : checkFile(file, template)
    if (found.length === 0) templates.push(template as TemplateDraft)
    problems.push(...found.map((one) => ({ file, ...one })))
  }
  return { templates, problems }
}

function checkFile(file: string, template: unknown) {
  const problems = validateTemplate(template)
  const { name, language } = isRecord(template) ? template : {}
  if (problems.length > 0 || file === `${name}.${language}.json`) return problems
  return [{ field: 'name', message: `Die Datei müsste ${name}.${language}.json heißen.` }]
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    return error as Error
  }
}

/** `ours` is what the file says, `theirs` what Meta approved. */
export type TemplateDifference = { field: string; ours: unknown; theirs: unknown }

/** Where the approved template shows or asks for something else than the file. Examples do not count: Meta keeps them to itself. */
export function compareTemplate(local: TemplateDraft, remote: RemoteTemplate): TemplateDifference[] {
  const [ours, theirs] = [shapeOf(local.components), shapeOf(remote.components)]
  const pairs: [field: string, ours: unknown, theirs: unknown][] = [
    ['category', local.category, remote.category],
    ['header.format', ours.header?.format, theirs.header?.format],
    ['header.text', ours.header?.text, theirs.header?.text],
    ['body', ours.body.text, theirs.body.text],
    ['footer', ours.footer, theirs.footer],
    ['buttons.length', ours.buttons.length, theirs.buttons.length],
    ...ours.buttons.flatMap((button, index): [string, unknown, unknown][] => {
      const other = theirs.buttons[index]
      if (!other) return []
      return (['type', 'text', 'url', 'phone'] as const).map((key) => [
        `buttons.${index}.${key}`,
        button[key],
        other[key],
      ])
    }),
  ]
  return pairs.filter(([, a, b]) => a !== b).map(([field, a, b]) => ({ field, ours: a, theirs: b }))
}
