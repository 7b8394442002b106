import { Faults } from './faults.ts'
import { type Journey, Journeys, type StatusDelays } from './journeys.ts'
import { SendLog } from './sends.ts'
import { loadState } from './snapshot.ts'
import { type AccountOptions, type Bubble, type Citizen, createState } from './state.ts'
import { type WebhookOptions, Webhooks } from './webhooks.ts'

/** What startEmulator takes. Everything but accounts and appSecret has a default. */
export type EmulatorOptions = {
  /** Default 0: any free port. */
  port?: number
  /** Default 127.0.0.1. */
  host?: string
  /** HMAC key of the webhooks. */
  appSecret: string
  /** What verifyWebhook() sends; default 'verify'. */
  verifyToken?: string
  /** Where the service listens for webhooks; '' or absent posts none. Changeable later. */
  webhookUrl?: string
  accounts: AccountOptions[]
  /** ms after acceptance; default { sent: 15, delivered: 40, read: 120 }; null sends no statuses. */
  statusDelaysMs?: Partial<StatusDelays> | null
  /** Share of the delivered messages that get read; default 0.7. */
  readShare?: number
  /** Equal seeds give equal choices and ids. Without one, ids are new in every run. */
  seed?: number
  /** Default immediate. Manual waits for setTemplateStatus(). */
  templateApproval?: 'immediate' | 'manual' | { delayMs: number }
  /** Free-form outside the 24-hour window: status `failed` 131047 (async, default, as Meta mostly does) or an error at once. */
  windowClosed?: 'async' | 'sync'
  /** False accepts any speed; default true: error 130429 above messagesPerSecond within any second. */
  limitRate?: boolean
  /** True: error 131056 above 1 message per 6 s and citizen, after a burst of 45. */
  limitPairs?: boolean
  webhooks?: Omit<WebhookOptions, 'url' | 'appSecret'>
  /** People on the page from the start; default Anna, Bernd, Cem and Dora. */
  citizens?: { name: string; phone: string }[]
  /** Where to keep templates, people and conversations over a restart; absent: nowhere. Written every few seconds and at stop(). */
  stateFile?: string
  /** Now in ms since the epoch, for the 24-hour window and timestamps. Default Date.now. */
  now?: () => number
}

/** What a page that watches is told. */
export type Change = { citizen: Citizen; phoneNumberId: string; bubble: Bubble | null; typing?: true }

export type World = ReturnType<typeof createWorld>

const CAST = [
  { name: 'Anna', phone: '+4915112340001' },
  { name: 'Bernd', phone: '+4915112340002' },
  { name: 'Cem', phone: '+4915112340003' },
  { name: 'Dora', phone: '+4915112340004' },
]

/** The parts of one emulator, wired together but not yet listening. */
export function createWorld(options: EmulatorOptions) {
  const state = createState(options.accounts, options.seed, options.now ?? Date.now)
  const faults = new Faults(state.random)
  const webhooks = new Webhooks({ ...options.webhooks, url: options.webhookUrl ?? '', appSecret: options.appSecret })
  const watchers = new Set<(change: Change) => void>()
  const tell = (change: Change): void => {
    for (const watcher of watchers) watcher(change)
  }
  const delays =
    options.statusDelaysMs === null ? null : { sent: 15, delivered: 40, read: 120, ...options.statusDelaysMs }
  const changed = ({ citizen, account, bubble }: Journey) =>
    tell({ citizen, phoneNumberId: account.phoneNumberId, bubble })
  const journeys = new Journeys({ state, webhooks, faults, changed }, delays, options.readShare ?? 0.7)
  if (options.stateFile) loadState(state, options.stateFile)
  for (const { name, phone } of options.citizens ?? CAST)
    state.citizen(phone.replace(/\D/g, ''), undefined, true, { name, onStage: true })
  return {
    options,
    state,
    faults,
    webhooks,
    journeys,
    watchers,
    tell,
    log: new SendLog(),
    /** Inbound messages by id, so that a read receipt finds its bubble; the oldest fall out. */
    inbound: new Map<string, { citizen: Citizen; phoneNumberId: string; bubble: Bubble }>(),
    /** Address others reach this emulator at; set when it listens. */
    url: '',
  }
}
