import type { Secret } from '../secret.ts'

export type Offering = 'info' | 'chat'

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof WEEKDAYS)[number]

/** What a chat may accept; the words are those of the inbox webhook. `audio` includes voice messages. */
export const ACCEPTABLE = [
  'text',
  'image',
  'video',
  'audio',
  'document',
  'sticker',
  'location',
  'contacts',
  'reaction',
] as const
export type Acceptable = (typeof ACCEPTABLE)[number]

/** Minutes since local midnight. `toMinute` is up to 1440 and, within office hours, later than `fromMinute`. */
export interface MinuteSpan {
  fromMinute: number
  toMinute: number
}

/** Local calendar days 'YYYY-MM-DD', both included. */
export interface Closure {
  from: string
  to: string
  text: string | null
}

export interface InfoOffering {
  join: readonly string[]
  leave: readonly string[]
  approval: 'four-eyes' | 'none'
  /** null = broadcasts leave at any hour. May run over midnight. */
  quietHours: MinuteSpan | null
  /** key → label; empty = no topics */
  topics: Readonly<Record<string, string>>
}

export interface ChatOffering {
  join: readonly string[]
  leave: readonly string[]
  optInRequired: boolean
  accepts: readonly Acceptable[]
  /** null = no hours given: nobody is told when the office reads. */
  officeHours: Readonly<Record<Weekday, readonly MinuteSpan[]>> | null
  closures: readonly Closure[]
  inbox: { url: string; secret: Secret; kind: 'webhook' | 'chatwoot'; allowPrivateAddress: boolean }
  eraseOnClose: boolean
  eraseGraceMs: number
}

/** Euro for one delivered message, by Meta's category; what is missing costs the built-in rate. */
export type Prices = Readonly<Partial<Record<'marketing' | 'utility' | 'authentication', number>>>

/** Price lists by the recipients' country (ISO 3166) and the day (YYYY-MM-DD) from which they count, oldest first. */
export type Rates = readonly (Prices & { from: string; country: string })[]

/** One town's number as its file `channels/<slug>.yaml` describes it, checked and complete. */
export interface Channel {
  slug: string
  name: string
  town: string
  language: 'de' | 'en'
  /** IANA name */
  timezone: string
  /** German state as ISO 3166-2, 'DE-NW' */
  region: string
  whatsapp: {
    /** E.164 with + */
    phoneNumber: string
    phoneNumberId: string
    businessAccountId: string
    accessToken: Secret
    messagesPerSecond: number
  }
  offerings: { info?: InfoOffering; chat?: ChatOffering }
  /** code → where it hangs, as the office calls it; empty = no poster codes */
  posters: Readonly<Record<string, string>>
  privacy: {
    noticeUrl: string
    noticeVersion: string
    retention: {
      inboundIdsMs: number
      recipientsMs: number
      chatsMs: number
      auditMs: number
      /** People without subscription, chat or message for so long are erased. */
      contactsMs: number
      /** Subscribers who were unreachable for so long, over at least so many broadcasts in a row, are dropped. */
      unreachableMs: number
      unreachableBroadcasts: number
    }
  }
  /** Reply texts that differ from the built-in ones, by key. */
  replies: Readonly<Record<string, string>>
  rates: Rates
}

/** Something wrong in a channel file. `line` counts from 1, null where there is no line; `field` is a dotted path. */
export interface ChannelProblem {
  file: string
  line: number | null
  field: string
  message: string
}
