/**
 * Bodies for Meta's `/messages`, without an address: `addressed` or `addresser` adds it. Limits are Meta's; whoever builds a message keeps to
 * them, Meta answers 131009 otherwise.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
 */
export type MessageBody = {
  messaging_product: 'whatsapp'
  recipient_type: 'individual'
  type: string
  context?: { message_id: string }
  [content: string]: unknown
}

/** `replyTo`: the message id that is quoted. */
type Options = { replyTo?: string }

const message = (type: string, content: object, { replyTo }: Options = {}): MessageBody => ({
  messaging_product: 'whatsapp',
  recipient_type: 'individual',
  type,
  [type]: content,
  ...(replyTo !== undefined && { context: { message_id: replyTo } }),
})

/** Up to 4096 characters. */
export const textMessage = (body: string, options: Options & { previewUrl?: boolean } = {}): MessageBody =>
  message('text', { body, preview_url: options.previewUrl ?? false }, options)

/** One to three reply buttons: ids up to 256, titles up to 20 characters and all different, text up to 1024. */
export const buttonsMessage = (
  body: string,
  buttons: readonly { id: string; title: string }[],
  options: Options & { footer?: string } = {},
): MessageBody =>
  message(
    'interactive',
    {
      type: 'button',
      body: { text: body },
      ...(options.footer !== undefined && { footer: { text: options.footer } }),
      action: { buttons: buttons.map(({ id, title }) => ({ type: 'reply', reply: { id, title } })) },
    },
    options,
  )

export type ListRow = { id: string; title: string; description?: string }

/** Up to ten rows in all: ids up to 200, titles 24, descriptions 72, the opening button 20 characters. */
export const listMessage = (
  body: string,
  button: string,
  sections: readonly { title?: string; rows: readonly ListRow[] }[],
  options: Options & { footer?: string } = {},
): MessageBody =>
  message(
    'interactive',
    {
      type: 'list',
      body: { text: body },
      ...(options.footer !== undefined && { footer: { text: options.footer } }),
      action: { button, sections },
    },
    options,
  )

export type MediaKind = 'image' | 'video' | 'audio' | 'document' | 'sticker'
export type MediaSource = { link: string } | { id: string }

/** A medium by address (fetched by Meta, cached ten minutes) or by uploaded id. Captions up to 1024; names for documents only. */
export function mediaMessage(
  kind: MediaKind,
  source: MediaSource,
  options: Options & { caption?: string; filename?: string } = {},
): MessageBody {
  const { caption, filename } = options
  const captioned = kind === 'image' || kind === 'video' || kind === 'document'
  return message(
    kind,
    {
      ...source,
      ...(captioned && caption !== undefined && { caption }),
      ...(kind === 'document' && filename !== undefined && { filename }),
    },
    options,
  )
}

/** `template` with name, language and filled components; `templateBody` of `templates.ts` makes it from the parameters of a broadcast. */
export const templateMessage = (template: object, options: Options = {}): MessageBody =>
  message('template', template, options)

/** Body of a read receipt, which has no address. */
export const readReceipt = (messageId: string, typing = false): object => ({
  messaging_product: 'whatsapp',
  status: 'read',
  message_id: messageId,
  ...(typing && { typing_indicator: { type: 'text' } }),
})

/** Where a message goes. With both, the phone is used: it keeps the number visible to us (Meta's advice). */
export type Address = { phone?: string; userId?: string }

/**
 * Prepares one body for many recipients: the constant JSON is made once, each recipient costs a concatenation.
 * The result throws RangeError for an address without phone and user id: a bug, since it would reach nobody or a stranger.
 */
export function addresser(body: object): (address: Address, callbackData?: string) => string {
  const head = JSON.stringify(body).slice(0, -1)
  const start = head === '{' ? head : `${head},`
  return ({ phone, userId }, callbackData) => {
    let to: string
    // Without its + Meta would put our own country code in front of the number.
    if (phone !== undefined && phone !== '') to = `"to":${quoted(phone.startsWith('+') ? phone : `+${phone}`)}`
    else if (userId !== undefined && userId !== '') to = `"recipient":${quoted(userId)}`
    else throw new RangeError('a message needs a phone or a user id')
    return callbackData === undefined
      ? `${start}${to}}`
      : `${start}${to},"biz_opaque_callback_data":${quoted(callbackData)}}`
  }
}

/** As JSON; numbers and ids have nothing to escape. */
const quoted = (text: string) => (/^[\w+:.-]*$/.test(text) ? `"${text}"` : JSON.stringify(text))

/**
 * One body with its address, as JSON.
 * @param callbackData our id, comes back in every status; up to 512 characters
 */
export const addressed = (body: object, address: Address, callbackData?: string): string =>
  addresser(body)(address, callbackData)
