import { examplesOf } from '../whatsapp/template-examples.ts'
import { type Gap, type RenderedTemplate, renderTemplate, type TemplateParameters } from '../whatsapp/templates.ts'
import { inWords } from './words.ts'

/** Private-use characters around what stands in for a gap: nobody types them, and they are no marks of WhatsApp's. */
const [OPEN, CLOSE] = ['\uE000', '\uE001']
const PIECES = new RegExp(`(${OPEN}[^${CLOSE}]*${CLOSE})`)

/** A message as the office previews it: a gap that is still empty shows the example it was approved with, else what belongs there. */
export function previewOf(components: unknown, parameters?: TemplateParameters): RenderedTemplate {
  const examples = examplesOf(components)
  const gap: Gap = (where, variable) => {
    const words = examples[where][variable] || wordsFor(where, variable)
    return words === '' ? undefined : `${OPEN}${words}${CLOSE}`
  }
  return renderTemplate(components, parameters, gap)
}

function wordsFor(where: 'header' | 'body' | 'buttons', variable: string): string {
  if (where === 'buttons') return '…'
  return /^\d+$/.test(variable) ? `Text ${variable}` : inWords(variable)
}

/** A text of a preview in pieces, those that stand in for a gap marked as such. */
export const piecesOf = (words: string): { words: string; gap: boolean }[] =>
  words
    .split(PIECES)
    .map((piece) => ({ words: piece.replace(/[\uE000\uE001]/g, ''), gap: PIECES.test(piece) }))
    .filter((piece) => piece.words !== '')

/** Whether a message still has a gap that somebody must fill in. */
export const hasGaps = ({ header, body, buttons }: RenderedTemplate): boolean =>
  [header, body, ...buttons.map(({ url }) => url)].some((words) => typeof words === 'string' && words.includes(OPEN))
