import { tapMessage, viewOf } from './bubble-view.ts'
import { type Json, obj, str } from './json.ts'
import { sampleFor } from './samples.ts'
import type { Account, Bubble, Citizen } from './state.ts'
import { envelope, numberValue } from './webhooks.ts'
import type { World } from './world.ts'

/**
 * Who writes. A phone alone gets the user id that belongs to it; `userId: null` leaves the id out of the payload, a `userId` without
 * phone (or `hidesPhone`) leaves the number out. A known phone with another `userId` is a new person with a recycled number.
 */
export type From = {
  phone?: string
  userId?: string | null
  name?: string
  username?: string | null
  hidesPhone?: boolean
}

/** What a citizen sends: a text, or a message in Meta's shape; media types get a sample file if they name none. */
export type Inbound = { phoneNumberId?: string; from: From | string; message: string | Json; at?: Date }

/** `status` is what the service answered, 0 for nothing; `id` the wamid. Anything but 200 is posted again in the background. */
export type Delivered = { status: number; id: string; citizenId: string }

/** Number to talk to: the one named, or the first. @throws RangeError if it is unknown */
export function accountOf(world: World, phoneNumberId?: string): Account {
  const account = phoneNumberId ? world.state.accountBy(phoneNumberId) : world.state.accounts[0]
  if (!account) throw new RangeError(`no account with phone number id ${phoneNumberId}`)
  return account
}

/** The citizen with this number (any spelling), user id or emulator id; made up on the spot if need be. */
export function citizenFrom(world: World, from: From | string): Citizen {
  const { phone, userId, name, username, hidesPhone }: From =
    typeof from === 'string' ? (from.includes('.') ? { userId: from } : { phone: from }) : from
  const digits = phone ? phone.replace(/\D/g, '') : null
  if (!digits && !userId) throw new RangeError('a citizen needs a phone or a userId')
  const citizen = world.state.citizen(digits, userId ?? undefined, true, name ? { name } : {})
  if (digits && userId && citizen.userId !== userId) world.state.rename(citizen, digits, userId)
  if (name) citizen.name = name
  if (username !== undefined) citizen.username = username
  if (hidesPhone !== undefined) citizen.hidesPhone = hidesPhone
  return citizen
}

/** A citizen writes to a town: posts the signed webhook and opens the 24-hour window. */
export async function writes(world: World, { phoneNumberId, from, message, at }: Inbound): Promise<Delivered> {
  const account = accountOf(world, phoneNumberId)
  const citizen = citizenFrom(world, from)
  const sentAt = at?.getTime() ?? world.state.now()
  const content = withSample(
    world,
    account,
    typeof message === 'string' ? { type: 'text', text: { body: message } } : message,
  )
  const hidden = citizen.hidesPhone || (typeof from === 'object' && !from.phone && Boolean(from.userId))
  const ids = typeof from === 'object' && from.userId === null ? {} : { user: citizen.userId }
  const phone = citizen.phone && !hidden ? citizen.phone : undefined
  const full: Json = {
    ...(phone ? { from: phone } : {}),
    ...(ids.user ? { from_user_id: ids.user } : {}),
    id: world.state.wamid(),
    timestamp: String(Math.floor(sentAt / 1000)),
    ...content,
  }
  const talk = world.state.talk(citizen, account.phoneNumberId)
  talk.lastWroteAt = Math.max(talk.lastWroteAt, Number(full.timestamp) * 1000)
  const bubble: Bubble = {
    id: str(full.id),
    at: sentAt,
    from: 'citizen',
    message: full,
    template: null,
    state: 'waiting',
    error: null,
  }
  world.state.remember(talk, bubble)
  rememberInbound(world, { citizen, phoneNumberId: account.phoneNumberId, bubble })
  world.tell({ citizen, phoneNumberId: account.phoneNumberId, bubble })
  const contact = contactOf(citizen, phone, ids.user)
  const body = envelope(
    account.businessAccountId,
    'messages',
    numberValue(account, { contacts: [contact], messages: [full] }),
  )
  const status = await world.webhooks.post(body, (answered) => {
    // the service may have sent its read receipt before this answer arrived: never step back from it
    if (bubble.state !== 'read') bubble.state = answered === 200 ? 'received' : 'refused'
    world.tell({ citizen, phoneNumberId: account.phoneNumberId, bubble })
  })
  return { status, id: bubble.id, citizenId: citizen.id }
}

const contactOf = (citizen: Citizen, phone: string | undefined, userId: string | undefined): Json => ({
  profile: { name: citizen.name, ...(citizen.username ? { username: citizen.username } : {}) },
  ...(phone ? { wa_id: phone } : {}),
  ...(userId ? { user_id: userId } : {}),
})

function rememberInbound(world: World, entry: { citizen: Citizen; phoneNumberId: string; bubble: Bubble }): void {
  world.inbound.set(entry.bubble.id, entry)
  if (world.inbound.size > 5000) world.inbound.delete(world.inbound.keys().next().value!)
}

function withSample(world: World, account: Account, message: Json): Json {
  const type = str(message.type)
  const sample = sampleFor(type)
  const content = obj(message[type])
  if (!sample || str(content.id)) return message
  const file = world.state.addMedia(
    account.phoneNumberId,
    sample.mimeType,
    sample.bytes,
    type === 'document' ? sample.filename : null,
  )
  const extra =
    type === 'audio'
      ? { voice: true }
      : type === 'sticker'
        ? { animated: false }
        : type === 'document'
          ? { filename: sample.filename }
          : {}
  return {
    ...message,
    [type]: {
      mime_type: file.mimeType,
      sha256: file.sha256,
      id: file.id,
      url: mediaUrl(world, file.id),
      ...extra,
      ...content,
    },
  }
}

const MEDIA_URL_MS = 300_000

/** The address of a file, valid for five minutes, as Meta's lookaside host gives it. */
export const mediaUrl = (world: World, id: string): string =>
  `${world.url}/whatsapp_business/attachments/?mid=${id}&ext=${Math.floor((world.state.now() + MEDIA_URL_MS) / 1000)}`

/**
 * A citizen taps a reply button, list row or quick reply: in message `messageId`, or in the newest one that has it.
 * `action` is its id, label or key. @throws RangeError if no message offers it
 */
export async function taps(
  world: World,
  tap: { phoneNumberId?: string; from: From | string; action: string; messageId?: string },
): Promise<Delivered> {
  const account = accountOf(world, tap.phoneNumberId)
  const citizen = citizenFrom(world, tap.from)
  const bubbles = world.state.talk(citizen, account.phoneNumberId).bubbles
  for (const bubble of bubbles.toReversed()) {
    if (bubble.from !== 'town' || (tap.messageId && bubble.id !== tap.messageId)) continue
    const action = viewOf(bubble).actions.find(
      ({ key, title }) => key === tap.action || title === tap.action || key.slice(key.indexOf(':') + 1) === tap.action,
    )
    const message = action && tapMessage(bubble, action.key, account.digits, card(citizen))
    if (message) return writes(world, { phoneNumberId: account.phoneNumberId, from: tap.from, message })
  }
  throw new RangeError('no message offers that button')
}

const card = (citizen: Citizen): Json => ({
  name: { formatted_name: citizen.name, first_name: citizen.name },
  phones: [{ phone: `+${citizen.phone ?? ''}`, wa_id: citizen.phone ?? '', type: 'MOBILE' }],
  vcard: `BEGIN:VCARD\nVERSION:3.0\nFN:${citizen.name}\nTEL;type=CELL:+${citizen.phone ?? ''}\nEND:VCARD`,
  origin: 'contact_request',
})

/**
 * A citizen changes the phone number; WhatsApp gives a new user id. `style`: extended (since August 2026, default), classic (before),
 * hidden (number not shareable). Told to one number, or to all the citizen has written to. Answers the statuses in that order.
 */
export async function changesNumber(
  world: World,
  change: {
    from: From | string
    newPhone: string
    style?: 'extended' | 'classic' | 'hidden'
    phoneNumberId?: string
    newUserId?: string
  },
): Promise<number[]> {
  const citizen = citizenFrom(world, change.from)
  const [oldPhone, oldUserId] = [citizen.phone, citizen.userId]
  const newPhone = change.newPhone.replace(/\D/g, '')
  const newUserId = change.newUserId ?? world.state.userIdFor(newPhone)
  world.state.rename(citizen, newPhone, newUserId)
  const hidden = change.style === 'hidden'
  const [was, is] = hidden ? [oldUserId, newUserId] : [oldPhone ?? oldUserId, newPhone]
  const system: Json = {
    type: hidden ? 'user_changed_user_id' : 'user_changed_number',
    body: `User ${citizen.name} changed from ${was} to ${is}`,
    ...(hidden ? {} : { wa_id: newPhone }),
    ...(change.style === 'classic' ? {} : { user_id: newUserId, previous_user_id: oldUserId }),
  }
  const who =
    hidden || !oldPhone ? {} : { from: oldPhone, ...(change.style === 'classic' ? {} : { from_user_id: oldUserId }) }
  const accounts = world.state.accounts.filter((account) =>
    change.phoneNumberId ? account.phoneNumberId === change.phoneNumberId : citizen.talks.has(account.phoneNumberId),
  )
  return Promise.all(
    accounts.map((account) => {
      const timestamp = String(Math.floor(world.state.now() / 1000))
      const message = { ...who, id: world.state.wamid(), timestamp, type: 'system', system }
      return world.webhooks.post(
        envelope(account.businessAccountId, 'messages', numberValue(account, { messages: [message] })),
      )
    }),
  )
}

/** A citizen stops or resumes offers of the business inside WhatsApp; later MARKETING sends fail with 131050 until resumed. */
export async function setsPreference(
  world: World,
  choice: { phoneNumberId?: string; from: From | string; value: 'stop' | 'resume'; at?: Date },
): Promise<number> {
  const account = accountOf(world, choice.phoneNumberId)
  const citizen = citizenFrom(world, choice.from)
  world.state.talk(citizen, account.phoneNumberId).marketingStopped = choice.value === 'stop'
  const phone = citizen.hidesPhone ? undefined : (citizen.phone ?? undefined)
  const preference = {
    ...(phone ? { wa_id: phone } : {}),
    user_id: citizen.userId,
    detail: `User requested to ${choice.value} marketing messages`,
    category: 'marketing_messages',
    value: choice.value,
    timestamp: Math.floor((choice.at?.getTime() ?? world.state.now()) / 1000),
  }
  const content = { contacts: [contactOf(citizen, phone, citizen.userId)], user_preferences: [preference] }
  return world.webhooks.post(envelope(account.businessAccountId, 'user_preferences', numberValue(account, content)))
}
