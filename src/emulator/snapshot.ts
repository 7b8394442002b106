import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Bubble, Citizen, Media, State, Talk } from './state.ts'
import type { Template } from './templates.ts'

type Stored = {
  version: 1
  templates: [string, Template][]
  media: (Omit<Media, 'bytes'> & { bytes: string })[]
  citizens: (Omit<Citizen, 'talks'> & { talks: [string, Omit<Talk, 'bubbles'> & { bubbles: StoredBubble[] }][] })[]
}
type StoredBubble = Omit<Bubble, 'template'> & { template: string | null }

const keyOf = (template: Template): string => `${template.businessAccountId} ${template.name} ${template.language}`

/** Writes templates, people, conversations and files, so that a demo goes on where it stopped. Replaces the file in one step. */
export function saveState(state: State, file: string): void {
  const stored: Stored = {
    version: 1,
    templates: [...state.templates],
    media: [...state.media.values()].map((each) => ({ ...each, bytes: each.bytes.toString('base64') })),
    citizens: [...state.citizens.values()].map((citizen) => ({
      ...citizen,
      talks: [...citizen.talks].map(([number, talk]) => [
        number,
        {
          ...talk,
          bubbles: talk.bubbles.map((bubble) => ({ ...bubble, template: bubble.template && keyOf(bubble.template) })),
        },
      ]),
    })),
  }
  writeFileSync(`${file}.new`, JSON.stringify(stored), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Puts back what saveState() wrote. A missing file, or one that is anything else, changes nothing: an emulator is never worth an error. */
export function loadState(state: State, file: string): void {
  let kept: ReturnType<typeof read>
  try {
    kept = read(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return
  }
  for (const [key, template] of kept.templates) state.templates.set(key, template)
  for (const each of kept.media) state.media.set(each.id, each)
  for (const citizen of kept.citizens) state.keep(citizen)
}

/** @throws TypeError if it was not written by saveState() */
function read(stored: Stored) {
  if (stored.version !== 1) throw new TypeError('another version')
  const templates = new Map(stored.templates)
  return {
    templates,
    media: stored.media.map((each) => ({ ...each, bytes: Buffer.from(each.bytes, 'base64') })),
    citizens: stored.citizens.map(({ talks, ...citizen }) => ({
      ...citizen,
      talks: new Map(
        talks.map(([number, talk]) => [
          number,
          {
            ...talk,
            bubbles: talk.bubbles.map((b) => ({
              ...b,
              template: b.template === null ? null : (templates.get(b.template) ?? null),
            })),
          },
        ]),
      ),
    })),
  }
}
