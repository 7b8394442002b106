import { createHash, randomBytes } from 'node:crypto'
import type { Json } from './json.ts'
import { digest } from './sends.ts'
import type { Template } from './templates.ts'

/** One town's number, as the caller of startEmulator describes it. */
export type AccountOptions = {
  businessAccountId: string
  phoneNumberId: string
  displayPhoneNumber: string
  name: string
  accessToken: string
  /** Default 80, Meta's own. */
  messagesPerSecond?: number
  /** Reported as `whatsapp_business_manager_messaging_limit`; default TIER_100K. Not enforced: Meta names no code for it. */
  dailyTier?: string
}

/** A number at Meta; `digits` is displayPhoneNumber without anything but digits. All fields may be changed while running. */
export type Account = Required<AccountOptions> & {
  digits: string
  status: string
  qualityRating: string
  health: 'AVAILABLE' | 'LIMITED' | 'BLOCKED'
  subscribed: boolean
  profile: Json
  shortLinks: Map<string, string>
  /** Free-form messages that still cost nothing this month. */
  freeServiceLeft: number
  /** Arrival times of the sends that count against messagesPerSecond, oldest first from `recentFrom`. */
  recent: number[]
  recentFrom: number
}

/** How far a message got. `received` is what a citizen wrote and the service took with 200. */
export type Progress =
  | 'accepted'
  | 'held'
  | 'sent'
  | 'delivered'
  | 'read'
  | 'failed'
  | 'waiting'
  | 'received'
  | 'refused'

/** One message of a conversation, in Meta's own shape, drawn only when somebody looks. `at` is ms since the epoch. */
export type Bubble = {
  id: string
  at: number
  from: 'citizen' | 'town'
  message: Json
  template: Template | null
  state: Progress
  error: number | null
}

/** What passed between one citizen and one number. */
export type Talk = {
  /** Start of the 24-hour window, ms; 0 if the citizen never wrote. */
  lastWroteAt: number
  marketingStopped: boolean
  /** Theoretical arrival time of the pair rate, ms. */
  pairAt: number
  bubbles: Bubble[]
}

/** A person with a phone. `phone` is digits without +; null for somebody the town knows by user id only. */
export type Citizen = {
  id: string
  name: string
  phone: string | null
  userId: string
  username: string | null
  /** True: payloads carry no number, as for people with a username. */
  hidesPhone: boolean
  readReceipts: boolean
  /** Shown on the page. */
  onStage: boolean
  talks: Map<string, Talk>
}

/** A file a citizen sent or the service uploaded. */
export type Media = {
  id: string
  mimeType: string
  bytes: Buffer
  sha256: string
  filename: string | null
  phoneNumberId: string
}

/** Everything the emulator knows. Lives in memory only; equal seeds make equal choices. */
export type State = ReturnType<typeof createState>

const CAST = ['Anna', 'Bernd', 'Cem', 'Dora']
/** Messages kept per conversation, and citizens kept without being on stage: a bench with 100,000 recipients stays small. */
const KEPT_BUBBLES = 200
const KEPT_CITIZENS = 3000

/** @param seed equal seeds give equal random choices and ids; none gives ids no earlier run has used */
export function createState(accounts: AccountOptions[], seed: number | undefined, now: () => number) {
  let draw = (seed ?? randomBytes(4).readUInt32LE()) >>> 0
  const run = (seed === undefined ? randomBytes(6) : createHash('sha256').update(`run${seed}`).digest().subarray(0, 6))
    .toString('hex')
    .toUpperCase()
  let ids = 0
  const citizens = new Map<string, Citizen>()
  const byPhone = new Map<string, Citizen>()
  const byUserId = new Map<string, Citizen>()
  const media = new Map<string, Media>()
  const opened = accounts.map(openAccount)
  const byNumberId = new Map(opened.map((account) => [account.phoneNumberId, account]))

  /** mulberry32: small, fast, good enough to choose who reads and which send fails. */
  const random = (): number => {
    draw = (draw + 0x6d2b79f5) >>> 0
    let t = Math.imul(draw ^ (draw >>> 15), draw | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const wamid = (): string => `wamid.HBgN${run}${(++ids).toString(36).toUpperCase().padStart(7, '0')}AA==`

  const build = (known: Partial<Citizen> & { phone: string | null }): Citizen => {
    const key = known.phone ?? known.userId ?? ''
    const userId = known.userId ?? userIdFor(key)
    const name = known.name ?? CAST[Number(digitsOf(key, 3)) % CAST.length]!
    // a recycled number keeps its former owner on record
    const id = citizens.has(key) ? `${key}-${++ids}` : (known.phone ?? userId)
    return {
      username: null,
      hidesPhone: known.phone === null,
      readReceipts: true,
      onStage: false,
      talks: new Map(),
      ...known,
      id,
      userId,
      name,
    }
  }
  const keep = (citizen: Citizen): Citizen => {
    citizens.set(citizen.id, citizen)
    if (citizen.phone) byPhone.set(citizen.phone, citizen)
    byUserId.set(citizen.userId, citizen)
    return citizen
  }

  return {
    startedAt: now(),
    now,
    random,
    wamid,
    accounts: opened,
    templates: new Map<string, Template>(),
    citizens,
    byPhone,
    byUserId,
    media,
    /** The citizen with this number or user id; somebody new is made up, and remembered while there is room or `must` says so. */
    citizen(phone: string | null, userId?: string, must = false, more: Partial<Citizen> = {}): Citizen {
      const known = (phone ? byPhone.get(phone) : undefined) ?? (userId ? byUserId.get(userId) : undefined)
      if (known) return known
      const fresh = build({ ...more, phone, ...(userId ? { userId } : {}) })
      return must || citizens.size < KEPT_CITIZENS ? keep(fresh) : fresh
    },
    userIdFor,
    keep,
    /** Gives a citizen new identifiers and forgets the old ones. */
    rename(citizen: Citizen, phone: string | null, userId: string): void {
      if (citizen.phone) byPhone.delete(citizen.phone)
      byUserId.delete(citizen.userId)
      citizen.phone = phone
      citizen.userId = userId
      if (phone) byPhone.set(phone, citizen)
      byUserId.set(userId, citizen)
    },
    talk(citizen: Citizen, phoneNumberId: string): Talk {
      const known = citizen.talks.get(phoneNumberId)
      if (known) return known
      const talk: Talk = { lastWroteAt: 0, marketingStopped: false, pairAt: 0, bubbles: [] }
      citizen.talks.set(phoneNumberId, talk)
      return talk
    },
    remember(talk: Talk, bubble: Bubble): void {
      talk.bubbles.push(bubble)
      if (talk.bubbles.length > KEPT_BUBBLES) talk.bubbles.splice(0, talk.bubbles.length - KEPT_BUBBLES)
    },
    addMedia(phoneNumberId: string, mimeType: string, bytes: Buffer, filename: string | null = null): Media {
      const id = digitsOf(`media${run}${++ids}`, 15)
      const file = {
        id,
        mimeType,
        bytes,
        filename,
        phoneNumberId,
        sha256: createHash('sha256').update(bytes).digest('base64'),
      }
      media.set(id, file)
      return file
    },
    accountBy: (phoneNumberId: string): Account | undefined => byNumberId.get(phoneNumberId),
  }
}

function openAccount(options: AccountOptions): Account {
  return {
    messagesPerSecond: 80,
    dailyTier: 'TIER_100K',
    ...options,
    digits: options.displayPhoneNumber.replace(/\D/g, ''),
    status: 'CONNECTED',
    qualityRating: 'GREEN',
    health: 'AVAILABLE',
    subscribed: false,
    profile: { messaging_product: 'whatsapp', about: options.name, vertical: 'GOVT', websites: [] },
    shortLinks: new Map(),
    freeServiceLeft: 1000,
    recent: [],
    recentFrom: 0,
  }
}

/** The user id of somebody with this number: the same in every run, as people keep theirs. */
const userIdFor = (phone: string): string => `DE.${digitsOf(phone, 20)}`

/** Decimal digits that depend on the text alone, so that people and templates keep their ids over restarts. Never starts with 0. */
export function digitsOf(text: string, length: number): string {
  // two 53-bit digests give 20 digits; a bench asks for one id per recipient, where a cryptographic hash would show
  const digits = `${(digest(text) % 9) + 1}${pad(digest(`${text}#`))}${pad(digest(`${text}##`))}`
  return digits.slice(0, length)
}

const pad = (value: number): string => String(value).padStart(16, '0').slice(-14)
