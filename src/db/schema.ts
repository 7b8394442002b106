/**
 * Every table, index and check.
 *
 * Glossary: a *channel* is one WhatsApp number of one town (its settings live in `channels/<slug>.yaml`, its state here); an *offering* is `info` or
 * `chat`; a *contact* is one citizen on one channel; a *broadcast* is one approved message to many; `outgoing` holds everything that leaves, one row
 * per message; a *chat* is one open matter of one contact.
 *
 * Personal fields (number, Meta user id, name, text, message ids of Meta, which contain the number) are never stored readable: columns ending in
 * `Sealed` hold `vault.seal(…)`, columns ending in `Hash` hold `vault.fingerprint(…)` for look-ups. Only `contacts/`, `chats/` and `dispatch/` open them.
 */
import { sql } from 'drizzle-orm'
import {
  bigint,
  bigserial,
  boolean,
  check,
  customType,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
const at = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })

// ── the channel ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
/** What is known about a channel beyond its file: may it send, how much, what did Meta last say. */
export const channels = pgTable('channels', {
  slug: text().primaryKey(),
  /** Set when Meta refused the token or blocked the account: nothing is sent until somebody or a successful check clears it. */
  stoppedAt: at('stopped_at'),
  stoppedCode: text('stopped_code'),
  stoppedReason: text('stopped_reason'),
  /** Unique people in any 24 h outside of open windows; null = not known, -1 = unlimited. */
  dailyLimit: integer('daily_limit'),
  qualityRating: text('quality_rating'),
  phoneStatus: text('phone_status'),
  throughputLevel: text('throughput_level'),
  checkedAt: at('checked_at'),
  createdAt: at('created_at').notNull().defaultNow(),
})

/** Who may send for a channel right now, and the latest slot given away. One row per channel; the lease is what makes the sender single. */
export const senders = pgTable('senders', {
  channel: text().primaryKey(),
  owner: uuid(),
  leasedUntil: at('leased_until').notNull().default(sql`'epoch'`),
  /** Milliseconds since the epoch by the database's clock, with fractions: no message may be handed over before it. */
  slotMs: doublePrecision('slot_ms').notNull().default(0),
})

/** What Meta or the office told about a channel: shown in the console, newest first. */
export const channelEvents = pgTable(
  'channel_events',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    channel: text().notNull(),
    at: at('at').notNull(),
    kind: text().notNull(),
    severity: text().notNull(),
    detail: jsonb().notNull().default({}),
  },
  (t) => [index('channel_events_newest').on(t.channel, t.id)],
)

/** Meta's answer about a template, as last read. Name and language identify it. */
export const templates = pgTable(
  'templates',
  {
    channel: text().notNull(),
    name: text().notNull(),
    language: text().notNull(),
    metaId: text('meta_id'),
    status: text().notNull(),
    category: text().notNull(),
    previousCategory: text('previous_category'),
    quality: text(),
    parameterFormat: text('parameter_format').notNull().default('POSITIONAL'),
    components: jsonb().notNull(),
    rejectedReason: text('rejected_reason'),
    readAt: at('read_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.channel, t.name, t.language] })],
)

// ── who is who ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
export const contacts = pgTable(
  'contacts',
  {
    id: uuid().primaryKey().defaultRandom(),
    channel: text().notNull(),
    /** The pseudonym under which the consent ledger knows this person; dropping the contact drops the link. */
    subject: uuid().notNull().defaultRandom(),
    phoneSealed: text('phone_sealed'),
    phoneHash: bytea('phone_hash'),
    userIdSealed: text('user_id_sealed'),
    userIdHash: bytea('user_id_hash'),
    nameSealed: text('name_sealed'),
    /** Meta's time stamp of the citizen's latest message or call: opens the 24-hour window. */
    lastInboundAt: at('last_inbound_at'),
    /** Stopped marketing messages inside WhatsApp; cleared by Meta's `resume` only. */
    marketingStoppedAt: at('marketing_stopped_at'),
    /** Broadcasts in a row that WhatsApp called undeliverable. */
    unreachable: smallint().notNull().default(0),
    /** When the first of these broadcasts was counted. */
    unreachableSince: at('unreachable_since'),
    createdAt: at('created_at').notNull(),
  },
  (t) => [
    uniqueIndex('contacts_phone').on(t.channel, t.phoneHash).where(sql`${t.phoneHash} is not null`),
    uniqueIndex('contacts_user_id').on(t.channel, t.userIdHash).where(sql`${t.userIdHash} is not null`),
    uniqueIndex('contacts_subject').on(t.subject),
    check('contacts_known_somehow', sql`${t.phoneHash} is not null or ${t.userIdHash} is not null`),
  ],
)

/** Ids a contact had before a change: a STOP that matches only one of these still stops. */
export const formerIds = pgTable(
  'former_ids',
  {
    channel: text().notNull(),
    idHash: bytea('id_hash').notNull(),
    contactId: uuid('contact_id').notNull(),
    endedAt: at('ended_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.channel, t.idHash, t.contactId] }), index('former_ids_contact').on(t.contactId)],
)

export const offering = pgEnum('offering', ['info', 'chat'])

export const subscriptions = pgTable(
  'subscriptions',
  {
    id: uuid().primaryKey().defaultRandom(),
    channel: text().notNull(),
    contactId: uuid('contact_id').notNull(),
    offering: offering().notNull(),
    /** null = all topics */
    topics: text().array(),
    joinedAt: at('joined_at').notNull(),
    leftAt: at('left_at'),
  },
  (t) => [
    uniqueIndex('subscriptions_one_active').on(t.contactId, t.offering).where(sql`${t.leftAt} is null`),
    index('subscriptions_members').on(t.channel, t.offering, t.contactId).where(sql`${t.leftAt} is null`),
    index('subscriptions_left').on(t.channel, t.leftAt).where(sql`${t.leftAt} is not null`),
    index('subscriptions_joined').on(t.channel, t.joinedAt),
  ],
)

export const consentAction = pgEnum('consent_action', ['granted', 'withdrawn', 'moved', 'expired'])

/** The consent ledger: append-only (a trigger refuses update and delete), hash-chained per channel. Holds no personal field. */
export const consents = pgTable(
  'consents',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    channel: text().notNull(),
    /** Position in the channel's chain, from 1, without gaps. */
    seq: bigint({ mode: 'number' }).notNull(),
    subject: uuid().notNull(),
    offering: offering().notNull(),
    action: consentAction().notNull(),
    topics: text().array(),
    at: at('at').notNull(),
    source: text().notNull(),
    noticeVersion: text('notice_version').notNull(),
    /** The sentence the citizen was shown or sent, in full; of a setting made inside WhatsApp, what it concerns. */
    wording: text(),
    /** sha256(salt | Meta's message id): provable while `consent_details` keeps the salt, meaningless after. */
    detailHash: bytea('detail_hash'),
    /** sha256(previous hash | this entry) */
    hash: bytea().notNull(),
    recordedAt: at('recorded_at').notNull().defaultNow(),
  },
  (t) => [
    uniqueIndex('consents_chain').on(t.channel, t.seq),
    index('consents_subject').on(t.subject, t.id),
    // The list by the time of the deed: 217 ms without, 0.1 ms with it, where a channel has 200,000 entries of 300,000.
    index('consents_newest').on(t.channel, t.at, t.seq),
  ],
)

/** The personal part of a ledger entry. Erasing a person deletes the row; the chain stays verifiable. */
export const consentDetails = pgTable('consent_details', {
  consentId: bigint('consent_id', { mode: 'number' }).primaryKey(),
  salt: bytea().notNull(),
  messageIdSealed: text('message_id_sealed').notNull(),
})

/** The end of each channel's chain; its row lock orders the writers. */
export const consentHeads = pgTable('consent_heads', {
  channel: text().primaryKey(),
  seq: bigint({ mode: 'number' }).notNull().default(0),
  hash: bytea().notNull().default(sql`'\\x'`),
})

/** Keyed hashes of people who must not come back by an import, and when they last said no. */
export const suppressions = pgTable(
  'suppressions',
  {
    channel: text().notNull(),
    idHash: bytea('id_hash').notNull(),
    reason: text().notNull(),
    at: at('at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.channel, t.idHash] })],
)

/** One-time links to everything that is stored about one person, given by the keyword `auskunft`. */
export const disclosureLinks = pgTable(
  'disclosure_links',
  {
    /** sha256 of the token, which is 256 random bits */
    hash: bytea().primaryKey(),
    channel: text().notNull(),
    contactId: uuid('contact_id').notNull(),
    expiresAt: at('expires_at').notNull(),
    usedAt: at('used_at'),
  },
  (t) => [index('disclosure_links_contact').on(t.contactId), index('disclosure_links_end').on(t.expiresAt)],
)

// ── what arrives ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
/** Messages already carried out: Meta repeats for up to seven days. */
export const received = pgTable(
  'received',
  {
    channel: text().notNull(),
    /** fingerprint of Meta's message id */
    key: bytea().notNull(),
    at: at('at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.channel, t.key] })],
)

/** When a contact last got a certain automatic line, so that nobody gets it over and over. */
export const notices = pgTable(
  'notices',
  {
    contactId: uuid('contact_id').notNull(),
    kind: text().notNull(),
    at: at('at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.contactId, t.kind] })],
)

// ── what leaves ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
export const outgoingKind = pgEnum('outgoing_kind', ['broadcast', 'reply', 'answer', 'test', 'inbox'])
export const outgoingStatus = pgEnum('outgoing_status', [
  'queued',
  'sending',
  'accepted',
  'held',
  'sent',
  'delivered',
  'read',
  'failed',
  'skipped',
  'unknown',
])

/**
 * Everything that leaves, one row per message. A trigger refuses every state change that is not a step forward.
 *
 * `notBefore` is set exactly while a row waits in the lane of single messages (replies, answers, forwards, repeats); the rows of a broadcast are found by
 * their id range instead. So neither `status` nor anything else that changes on the hot path is part of an index, and handing over stays a HOT update.
 */
export const outgoing = pgTable(
  'outgoing',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    broadcastId: uuid('broadcast_id'),
    contactId: uuid('contact_id'),
    chatId: uuid('chat_id'),
    /** Whom WhatsApp's daily limit counts for a single message that nobody asked for: see `reached.ts`. Null for answers, which it does not count. */
    countsAs: uuid('counts_as'),
    handedOverAt: at('handed_over_at'),
    /** When the current state was reached, by Meta's time stamp where there is one. */
    statusAt: at('status_at'),
    notBefore: at('not_before'),
    createdAt: at('created_at').notNull().defaultNow(),
    kind: outgoingKind().notNull(),
    status: outgoingStatus().notNull().default('queued'),
    errorCode: integer('error_code'),
    attempts: smallint().notNull().default(0),
    /** 0 before everything else, 1 what nobody asked for, 5 repeats of a broadcast. */
    urgency: smallint().notNull().default(5),
    billable: boolean(),
    channel: text().notNull(),
    wamidHash: bytea('wamid_hash'),
    pricingCategory: text('pricing_category'),
    pricingType: text('pricing_type'),
    /** A repeat of the same deed carries the same key and changes nothing. */
    dedupeKey: text('dedupe_key'),
    /** Where to, if not the contact's own current address (test sends, the last message of somebody erased). Dropped once handed over. */
    addressSealed: text('address_sealed'),
    /** Message body or inbox event; null for broadcasts, which share one. Dropped once it arrived. */
    payloadSealed: text('payload_sealed'),
  },
  (t) => [
    uniqueIndex('outgoing_once_per_broadcast').on(t.broadcastId, t.contactId).where(sql`${t.broadcastId} is not null`),
    index('outgoing_due')
      .on(t.channel, t.urgency, t.notBefore, t.id)
      .where(sql`${t.notBefore} is not null and ${t.kind} <> 'inbox'`),
    index('outgoing_forwards')
      .on(t.channel, t.chatId, t.id)
      .where(sql`${t.notBefore} is not null and ${t.kind} = 'inbox'`),
    index('outgoing_contact').on(t.contactId).where(sql`${t.kind} <> 'broadcast'`),
    index('outgoing_counts').on(t.channel, t.countsAs).where(sql`${t.countsAs} is not null`),
    uniqueIndex('outgoing_dedupe').on(t.channel, t.dedupeKey).where(sql`${t.dedupeKey} is not null`),
  ],
)

/**
 * Finds a row of `outgoing` by Meta's message id. A table of its own, or settling a message would have to enter every index of the large one anew. Filled by
 * the outcome; a trigger empties it with the rows it names.
 */
export const outgoingWamids = pgTable(
  'outgoing_wamids',
  {
    wamidHash: bytea('wamid_hash').notNull(),
    outgoingId: bigint('outgoing_id', { mode: 'number' }).notNull(),
  },
  (t) => [index('outgoing_wamids_hash').using('hash', t.wamidHash)],
)

/** Status webhooks for a message whose answer is not stored yet (or that another sender of the number sent): tried again until they fit, then dropped. */
export const strayStatuses = pgTable(
  'stray_statuses',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    channel: text().notNull(),
    wamidHash: bytea('wamid_hash').notNull(),
    status: outgoingStatus().notNull(),
    statusAt: at('status_at').notNull(),
    errorCode: integer('error_code'),
    pricingCategory: text('pricing_category'),
    pricingType: text('pricing_type'),
    billable: boolean(),
    at: at('at').notNull(),
  },
  (t) => [index('stray_statuses_age').on(t.channel, t.at)],
)

// ── broadcasts ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
export const broadcastStatus = pgEnum('broadcast_status', [
  'draft',
  'awaiting-approval',
  'scheduled',
  'starting',
  'sending',
  'paused',
  'done',
  'cancelled',
  'rejected',
])

export const broadcasts = pgTable(
  'broadcasts',
  {
    id: uuid().primaryKey().defaultRandom(),
    channel: text().notNull(),
    title: text().notNull(),
    templateName: text('template_name').notNull(),
    templateLanguage: text('template_language').notNull(),
    parameters: jsonb().notNull().default({}),
    audience: jsonb().notNull(),
    sendAt: at('send_at'),
    recurrence: jsonb(),
    status: broadcastStatus().notNull().default('draft'),
    pausedReason: text('paused_reason'),
    /** The moment the next step is due: the start of a scheduled one, the next date of a recurrence. */
    dueAt: at('due_at'),
    /** The recurring broadcast this one is a date of. */
    seriesId: uuid('series_id'),
    /** The broadcast whose recipients this one corrects. */
    correctionOf: uuid('correction_of'),
    contentHash: text('content_hash').notNull(),
    /** What was approved: the template's components at that moment. */
    components: jsonb(),
    category: text(),
    createdBy: text('created_by').notNull(),
    changedBy: text('changed_by').notNull(),
    submittedBy: text('submitted_by'),
    submittedAt: at('submitted_at'),
    approvedBy: text('approved_by'),
    approvedAt: at('approved_at'),
    rejectedReason: text('rejected_reason'),
    /** Ids of its rows in `outgoing`, inclusive; set by the start. */
    firstId: bigint('first_id', { mode: 'number' }),
    lastId: bigint('last_id', { mode: 'number' }),
    /** The finished message body without address, as sent. */
    body: text(),
    /** Kept when the recipients' rows are gone: state → number. */
    totals: jsonb(),
    /** When it was counted with each recipient whether it could be delivered. */
    reachCountedAt: at('reach_counted_at'),
    /** Times the approval asked for was given and voided, newest last: {at, by, contentHash, …}. */
    history: jsonb().notNull().default([]),
    createdAt: at('created_at').notNull(),
    changedAt: at('changed_at').notNull(),
    startedAt: at('started_at'),
    finishedAt: at('finished_at'),
  },
  (t) => [
    index('broadcasts_newest').on(t.channel, t.createdAt),
    index('broadcasts_due').on(t.dueAt).where(sql`${t.dueAt} is not null`),
    uniqueIndex('broadcasts_one_per_date').on(t.seriesId, t.sendAt).where(sql`${t.seriesId} is not null`),
  ],
)

// ── chats ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
export const chats = pgTable(
  'chats',
  {
    id: uuid().primaryKey().defaultRandom(),
    channel: text().notNull(),
    contactId: uuid('contact_id').notNull(),
    openedAt: at('opened_at').notNull(),
    closedAt: at('closed_at'),
    closedBy: text('closed_by'),
    /** After a close with `eraseOnClose`: when the erasure runs (the grace in which it can be undone). */
    eraseAt: at('erase_at'),
    erased: jsonb(),
    /** End of the closed period for which the "we read again on …" line was sent. */
    closedNoticeUntil: at('closed_notice_until'),
    /** Ids that the inbox software gave this chat (Chatwoot conversation and contact). */
    external: jsonb(),
  },
  (t) => [
    uniqueIndex('chats_one_open').on(t.contactId).where(sql`${t.closedAt} is null`),
    index('chats_newest').on(t.channel, t.openedAt),
    index('chats_contact').on(t.contactId),
    index('chats_to_erase').on(t.eraseAt).where(sql`${t.eraseAt} is not null`),
  ],
)

/** One message of a chat, in or out. The text itself lives in `outgoing` only until it arrived. */
export const chatMessages = pgTable(
  'chat_messages',
  {
    id: uuid().primaryKey().defaultRandom(),
    chatId: uuid('chat_id').notNull(),
    inbound: boolean().notNull(),
    at: at('at').notNull(),
    type: text().notNull(),
    wamidSealed: text('wamid_sealed'),
    wamidHash: bytea('wamid_hash'),
    /** {id, mimeType, sha256, filename} of the medium at Meta */
    mediaSealed: text('media_sealed'),
    /** The row in `outgoing` that carries a staff answer. */
    outgoingId: bigint('outgoing_id', { mode: 'number' }),
    author: text(),
  },
  (t) => [
    index('chat_messages_chat').on(t.chatId, t.at),
    index('chat_messages_wamid').using('hash', t.wamidHash),
    index('chat_messages_outgoing').on(t.outgoingId).where(sql`${t.outgoingId} is not null`),
  ],
)

/** A citizen's first free message while the opt-in is asked for: goes through after the tap, is deleted unread after 24 h otherwise. */
export const heldMessages = pgTable(
  'held_messages',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    contactId: uuid('contact_id').notNull(),
    at: at('at').notNull(),
    keepUntil: at('keep_until').notNull(),
    messageSealed: text('message_sealed').notNull(),
  },
  (t) => [index('held_messages_contact').on(t.contactId), index('held_messages_end').on(t.keepUntil)],
)

// ── people and machines of the office ───────────────────────────────────────────────────────────────────────────────────────────────────────────
export const role = pgEnum('role', ['editor', 'approver', 'admin', 'inbox'])

export const apiKeys = pgTable(
  'api_keys',
  {
    id: uuid().primaryKey().defaultRandom(),
    name: text().notNull(),
    /** sha256 of the key, which is 256 random bits */
    hash: bytea().notNull(),
    role: role().notNull(),
    /** null = every channel */
    channel: text(),
    createdAt: at('created_at').notNull(),
    lastUsedAt: at('last_used_at'),
    revokedAt: at('revoked_at'),
  },
  (t) => [uniqueIndex('api_keys_hash').on(t.hash)],
)

export const staff = pgTable(
  'staff',
  {
    id: uuid().primaryKey().defaultRandom(),
    email: text().notNull(),
    name: text(),
    role: role().notNull(),
    channel: text(),
    createdAt: at('created_at').notNull(),
    disabledAt: at('disabled_at'),
  },
  (t) => [uniqueIndex('staff_email').on(sql`lower(${t.email})`)],
)

export const signInLinks = pgTable(
  'sign_in_links',
  {
    hash: bytea().primaryKey(),
    staffId: uuid('staff_id').notNull(),
    expiresAt: at('expires_at').notNull(),
    usedAt: at('used_at'),
  },
  (t) => [index('sign_in_links_staff').on(t.staffId)],
)

export const sessions = pgTable(
  'sessions',
  {
    hash: bytea().primaryKey(),
    staffId: uuid('staff_id').notNull(),
    createdAt: at('created_at').notNull(),
    seenAt: at('seen_at').notNull(),
    expiresAt: at('expires_at').notNull(),
  },
  (t) => [index('sessions_staff').on(t.staffId)],
)

/** How somebody of the office proves who they are without a link. A row is there only once both factors are set. */
export const staffCredentials = pgTable('staff_credentials', {
  staffId: uuid('staff_id').primaryKey(),
  /** `scrypt$N$r$p$salt$hash` */
  passwordHash: text('password_hash').notNull(),
  totpSealed: text('totp_sealed').notNull(),
  /** The latest time step of which a code was used: no code counts twice. */
  totpStep: bigint('totp_step', { mode: 'number' }).notNull().default(0),
  changedAt: at('changed_at').notNull(),
})

/** Sign-ins that failed, by fingerprint of address and account: they slow down whoever guesses. */
export const signInFailures = pgTable(
  'sign_in_failures',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    key: bytea().notNull(),
    at: at('at').notNull(),
  },
  (t) => [index('sign_in_failures_key').on(t.key, t.at)],
)

/** The answer to a POST that carried an Idempotency-Key, given again to its repeats. */
export const idempotency = pgTable(
  'idempotency',
  {
    /** sha256(principal | method | path | key) */
    key: bytea().primaryKey(),
    bodyHash: bytea('body_hash').notNull(),
    answer: jsonb(),
    at: at('at').notNull(),
  },
  (t) => [index('idempotency_age').on(t.at)],
)

export const audit = pgTable(
  'audit',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    at: at('at').notNull(),
    channel: text(),
    /** `staff:<id>`, `key:<id>`, `system`, `command` */
    actor: text().notNull(),
    actorName: text('actor_name').notNull(),
    action: text().notNull(),
    target: text(),
    detail: jsonb().notNull().default({}),
  },
  (t) => [index('audit_newest').on(t.channel, t.id), index('audit_age').on(t.at)],
)

/** Secrets of this installation, sealed by DATA_KEYS (the look-up key of the fingerprints), and which of these keys are in use. */
export const vault = pgTable('vault', { name: text().primaryKey(), sealed: text().notNull() })

/** What a job that must run once for all processes last did: name → time. */
export const jobRuns = pgTable('job_runs', {
  name: text().primaryKey(),
  lastAt: at('last_at').notNull(),
  detail: jsonb().notNull().default({}),
})
