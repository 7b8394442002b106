import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { inboxContact, messageReceived } from '../inbox/contract.ts'
import type { DeskChat } from './demo-inbox-page.tsx'

/** At most this often, unless something has to be gone at once. */
const SAVE_MS = 3000
/** Ids of events that are remembered: a repetition comes within hours, and a demo sees a few dozen. */
const KEPT_IDS = 1000

const message = z.object({
  id: z.string(),
  ours: z.boolean(),
  at: z.string(),
  type: z.string(),
  text: z.string().nullable(),
  replyTo: z.string().nullish(),
  media: messageReceived.shape.data.shape.message.shape.media.optional(),
  state: z.string().optional(),
  error: z.string().optional(),
})
const chat: z.ZodType<DeskChat> = z.object({
  id: z.string(),
  channel: z.string(),
  contact: inboxContact.nullable(),
  openedAt: z.string(),
  replyUntil: z.string(),
  replyUrl: z.string(),
  closedAt: z.string().nullable(),
  erased: z.boolean(),
  messages: z.array(message),
})
const stored = z.object({ version: z.literal(1), seen: z.array(z.string()), chats: z.array(chat) })

type Kept = { chats: Map<string, DeskChat>; seen: Set<string> }

export interface DeskStore extends Kept {
  /** Something is new: it is written soon. */
  changed(): void
  /** Something was erased: when this returns, the file does not hold it any more. */
  erased(): void
  /** Writes what is not written yet. */
  stop(): void
}

/**
 * The chats of the demo inbox and the ids of the events seen, kept in `file` over restarts, or in memory alone without one.
 * A missing file is an empty inbox; one that cannot be read is too, and `warn` says so.
 */
export function openDeskStore(
  file: string | undefined,
  apiBaseUrl: () => string,
  warn: (line: string) => void,
): DeskStore {
  const kept = (file === undefined ? null : load(file, apiBaseUrl, warn)) ?? { chats: new Map(), seen: new Set() }
  let waiting: NodeJS.Timeout | undefined
  const save = () => {
    clearTimeout(waiting)
    waiting = undefined
    if (file === undefined) return
    const content = { version: 1, seen: [...kept.seen].slice(-KEPT_IDS), chats: [...kept.chats.values()] }
    writeFileSync(`${file}.new`, JSON.stringify(content), { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }
  const saveLater = () => {
    try {
      save()
    } catch (error) {
      warn(`Der Posteingang kann nicht gespeichert werden: ${(error as Error).message}`)
    }
  }
  return {
    ...kept,
    changed: () => {
      if (file !== undefined) waiting ??= setTimeout(saveLater, SAVE_MS).unref()
    },
    erased: save,
    stop: save,
  }
}

function load(file: string, apiBaseUrl: () => string, warn: (line: string) => void): Kept | null {
  try {
    const { seen, chats } = stored.parse(JSON.parse(readFileSync(file, 'utf8')))
    for (const each of chats) moveTo(apiBaseUrl(), each)
    return { chats: new Map(chats.map((each) => [each.id, each])), seen: new Set(seen) }
  } catch (error) {
    // never the reason: it would quote what citizens wrote
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      warn(`Der Posteingang beginnt leer, denn seine Datei ist nicht lesbar: ${file}`)
    return null
  }
}

/** The service may listen on another port than when the chat was written down. */
function moveTo(base: string, chat: DeskChat): void {
  const moved = (url: string) => {
    const { pathname, search } = new URL(url)
    return new URL(pathname + search, base).href
  }
  chat.replyUrl = moved(chat.replyUrl)
  for (const { media } of chat.messages) if (media) media.url = moved(media.url)
}
