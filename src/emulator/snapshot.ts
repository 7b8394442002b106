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

/** Puts back what saveState() wrote. A missing or unreadable file changes nothing: an emulator is never worth an error. */
export function loadState(state: State, file: string): void {
  let stored: Stored
  try {
    stored = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return
  }
  if (stored.version !== 1) return
  for (const [key, template] of stored.templates) state.templates.set(key, template)
  for (const each of stored.media) state.media.set(each.id, { ...each, bytes: Buffer.from(each.bytes, 'base64') })
  for (const { talks, ...citizen } of stored.citizens)
    state.keep({
      ...citizen,
      talks: new Map(
        talks.map(([number, talk]) => [
          number,
          {
            ...talk,
            bubbles: talk.bubbles.map((b) => ({
              ...b,
              template: b.template === null ? null : (state.templates.get(b.template) ?? null),
            })),
          },
        ]),
      ),
    })
}
