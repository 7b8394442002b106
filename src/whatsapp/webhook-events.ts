import type { Loose } from './loose.ts'

/** What Meta's webhooks tell us, in our few words. Absent means absent: no field is ever '' or a made-up value. */
export type WhatsappEvent =
  | MessageEvent
  | StatusEvent
  | IdentityChange
  | PreferenceEvent
  | CallEvent
  | TemplateEvent
  | AccountEvent
  | NoticeEvent
  | UnknownEvent

/**
 * Whose number or account it concerns. Message fields name the number, account fields only the account (WABA); these have the time of their entry,
 * which is the same in each repeat.
 */
export type To = { phoneNumberId?: string; businessAccountId?: string; toldAt?: Date }

/** `phone` is E.164 with `+`; `userId` is Meta's business-scoped id (BSUID). At least one of them where a person wrote. */
export type Person = { phone?: string; userId?: string; parentUserId?: string; name?: string; username?: string }

export type MetaError = { code: number; title?: string; details?: string }

export type MessageKind =
  | 'text'
  | 'image'
  | 'video'
  | 'audio' // an audio file
  | 'voice' // recorded in WhatsApp
  | 'document'
  | 'sticker'
  | 'location'
  | 'contacts'
  | 'button' // quick reply of a template: buttonId is its payload
  | 'reply' // reply button or list row: buttonId is its id
  | 'flow' // a form sent off (nfm_reply)
  | 'reaction'
  | 'order'
  | 'system' // a system notice that changes nobody's identity
  | 'unsupported'
  | 'edit'
  | 'revoke'
  | 'unknown'

/** `sha256` is base64 as Meta sends it; what exactly it covers is not documented. The id is valid for seven days. */
export type Media = {
  id: string
  mimeType?: string
  sha256?: string
  filename?: string
  caption?: string
  voice?: boolean
}

export type ContactCard = { name?: string; organisation?: string; phones: string[]; emails: string[] }

/** Something a citizen wrote, tapped or sent. `at` is Meta's time stamp: the 24-hour window counts from it. */
export type MessageEvent = To & {
  type: 'message'
  id: string
  from: Person
  at: Date
  kind: MessageKind
  /** Meta's own word for the kind, for unknown ones and the log. */
  rawType: string
  /** The words of a text or edit, the label of a tapped button. A caption is in `media`. */
  text?: string
  media?: Media
  buttonId?: string
  /** The message id this one quotes or answers. */
  replyTo?: string
  forwarded: boolean
  /** Set: it was written to a group, which never changes a subscription. */
  groupId?: string
  location?: { latitude: number; longitude: number; name?: string; address?: string }
  contactCards?: ContactCard[]
  /** True when the card answers our request for the number; a card sent freely proves nothing. */
  contactRequested?: boolean
  /** `emoji: null`: the reaction was taken back. */
  reaction?: { messageId: string; emoji: string | null }
  /** The message that was edited or revoked. */
  originalId?: string
  errors?: MetaError[]
}

export type StatusState = 'sent' | 'delivered' | 'read' | 'played' | 'failed' | 'unknown'

/** How a message of ours fares. Arrives in any order, repeatedly, and for messages another sender of the number sent. */
export type StatusEvent = To & {
  type: 'status'
  wamid: string
  state: StatusState
  at: Date
  /** Our own id, as given in `biz_opaque_callback_data`. */
  callbackData?: string
  recipient: { phone?: string; userId?: string }
  /** `type` says what is billed (regular, free_customer_service, …); `billable` is going away. */
  pricing?: { category?: string; type?: string; billable?: boolean }
  error?: MetaError
  groupId?: string
}

/** The same person has a new number or user id. Either side may lack one of the two, never both sides everything. */
export type IdentityChange = To & {
  type: 'identity-change'
  /** The system message's id; absent on the withdrawn field `user_id_update`. */
  id?: string
  at: Date
  old: { phone?: string; userId?: string }
  new: { phone?: string; userId?: string }
}

/** Marketing messages stopped or allowed again inside WhatsApp. `resume` is no subscription. */
export type PreferenceEvent = To & { type: 'preference'; from: Person; value: 'stop' | 'resume'; at: Date }

/** A citizen called the number. It opens the 24-hour window like a message. */
export type CallEvent = To & { type: 'call'; id?: string; from: Person; at: Date; event?: string }

/** `language` always with `_`; words in upper case; `templateId` as text, it can exceed 2^53. */
type Template = To & { templateId?: string; name?: string; language?: string }

export type TemplateEvent =
  | (Template & { type: 'template-status'; event: string; reason?: string; category?: string; info?: string })
  | (Template & { type: 'template-quality'; quality: string; previous?: string })
  | (Template & { type: 'template-category'; category?: string; previous?: string; announced: boolean })
  | (Template & { type: 'template-components' })

/** `limit`: people per 24 hours, null = unlimited, absent = not said. */
export type AccountEvent =
  | (To & { type: 'phone-quality'; displayPhoneNumber?: string; event?: string; limit?: number | null })
  | (To & { type: 'capability'; limit?: number | null })
  | (To & {
      type: 'account-update'
      event: string
      restrictions: { type: string; until?: Date }[]
      banState?: string
      violation?: string
      /** Broadcasts must stop. Unknown kinds of restriction count as blocking. */
      blocking: boolean
    })
  | (To & {
      type: 'alert'
      entityType?: string
      entityId?: string
      severity?: string
      alert?: string
      details?: string
    })
  /** The two-step PIN of a number: asked for, reset or changed. */
  | (To & { type: 'security'; displayPhoneNumber?: string; event: string })
  | (To & { type: 'account-review'; decision: string })
  /** Meta's decision about the name that citizens see for a number. */
  | (To & { type: 'name-review'; displayPhoneNumber?: string; decision: string })

/** An error Meta reports without a message: about the number, the account or the app, e.g. 130429. */
export type NoticeEvent = To & { type: 'notice'; errors: MetaError[] }

/** Nothing we know. Counted, never an error: Meta adds fields every few weeks. */
export type UnknownEvent = To & { type: 'unknown'; field: string; rawType: string }

/** Where an element of a webhook was found, and what its neighbours say about it. */
export type Around = {
  to: To
  /** Our own number as digits: what comes from it is an echo of ourselves. */
  ownDigits: string | undefined
  contacts: readonly Loose[]
  receivedAt: Date
}
