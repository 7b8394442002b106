import type { Child } from 'hono/jsx'
import type { RenderedTemplate } from '../whatsapp/templates.ts'
import { hasGaps, piecesOf } from './preview.ts'

const MARKS: readonly (readonly [pattern: RegExp, tag: 'strong' | 'em' | 's' | 'code'])[] = [
  [/```([^`]+)```/, 'code'],
  [/(?<![\p{L}\p{N}*])\*([^*\s](?:[^*\n]*[^*\s])?)\*(?![\p{L}\p{N}*])/u, 'strong'],
  [/(?<![\p{L}\p{N}_])_([^_\s](?:[^_\n]*[^_\s])?)_(?![\p{L}\p{N}_])/u, 'em'],
  [/(?<![\p{L}\p{N}~])~([^~\s](?:[^~\n]*[^~\s])?)~(?![\p{L}\p{N}~])/u, 's'],
]

/** A text with WhatsApp's own marks (`*bold*`, `_italic_`, `~struck~`) as the citizen sees it. */
function formatted(text: string): Child[] {
  for (const [pattern, Tag] of MARKS) {
    const match = pattern.exec(text)
    if (!match) continue
    const after = match.index + match[0].length
    return [
      ...formatted(text.slice(0, match.index)),
      <Tag>{formatted(match[1]!)}</Tag>,
      ...formatted(text.slice(after)),
    ]
  }
  return withGaps(text)
}

const withGaps = (text: string): Child[] => piecesOf(text).map(({ words, gap }) => (gap ? <mark>{words}</mark> : words))

const MEDIA: Readonly<Record<string, string>> = {
  IMAGE: 'Bild',
  VIDEO: 'Video',
  DOCUMENT: 'Dokument',
  LOCATION: 'Standort',
}
const BUTTONS: Readonly<Record<string, string>> = {
  URL: 'öffnet eine Internetseite',
  PHONE_NUMBER: 'ruft an',
  QUICK_REPLY: 'antwortet',
  COPY_CODE: 'kopiert einen Code',
}

/** A message as it looks on a citizen's phone, with the town's name above. What is not filled in yet stands out. */
export const Bubble = ({ message, from }: { message: RenderedTemplate; from: string }) => (
  <figure class="phone">
    <figcaption class="phone-bar">{from}</figcaption>
    <div class="phone-screen">
      <div class="bubble">
        {typeof message.header === 'string' ? <p class="bubble-head">{formatted(message.header)}</p> : null}
        {typeof message.header === 'object' ? <Medium header={message.header} /> : null}
        <p class="bubble-text">{formatted(message.body)}</p>
        {message.footer ? <p class="bubble-foot">{message.footer}</p> : null}
      </div>
      {message.buttons.length > 0 ? (
        <ul class="bubble-buttons">
          {message.buttons.map(({ type, text, url, phone }) => (
            <li>
              <span class="bubble-button">{text}</span>
              <span class="bubble-where">
                {BUTTONS[type] ?? ''}
                {url ? [': ', ...withGaps(url)] : phone ? `: ${phone}` : ''}
              </span>
            </li>
          ))}
        </ul>
      ) : null}
      {hasGaps(message) ? (
        <p class="bubble-gaps">
          <mark>Markiert</mark>: Lücke, die jede Meldung selbst ausfüllt.
        </p>
      ) : null}
    </div>
  </figure>
)

const Medium = ({ header }: { header: Exclude<RenderedTemplate['header'], string | undefined> }) => {
  const source = header.source
  const link = source && 'link' in source ? source.link : undefined
  return header.format === 'IMAGE' && link?.startsWith('https://') ? (
    <img class="bubble-picture" src={link} alt="Bild über dem Text" referrerpolicy="no-referrer" />
  ) : (
    <p
      class="bubble-medium"
      data-format={header.format}
    >{`${MEDIA[header.format] ?? 'Medium'}${link ? `: ${link}` : ''}`}</p>
  )
}
