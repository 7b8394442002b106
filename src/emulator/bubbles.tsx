import type { Child } from 'hono/jsx'
import type { Action, BubbleView } from './bubble-view.ts'
import type { Progress } from './state.ts'

/** What the phone shows about a message's way, in words for people who cannot see the ticks. */
const WAYS: Record<Progress, { ticks: string; words: string }> = {
  waiting: { ticks: 'clock', words: 'wird übermittelt' },
  received: { ticks: 'two', words: 'angekommen' },
  refused: { ticks: 'warn', words: 'vom Dienst nicht angenommen, wird wiederholt' },
  accepted: { ticks: 'clock', words: 'angenommen' },
  held: { ticks: 'clock', words: 'zurückgehalten zur Prüfung' },
  sent: { ticks: 'one', words: 'gesendet' },
  delivered: { ticks: 'two', words: 'zugestellt' },
  read: { ticks: 'blue', words: 'gelesen' },
  failed: { ticks: 'warn', words: 'nicht zugestellt' },
}

const time = new Intl.DateTimeFormat('de-DE', { hour: '2-digit', minute: '2-digit', timeZone: 'Europe/Berlin' })
const day = new Intl.DateTimeFormat('de-DE', { day: '2-digit', month: '2-digit', timeZone: 'Europe/Berlin' })

const timeOf = (at: number): string => {
  const today = day.format(new Date())
  return day.format(at) === today ? time.format(at) : `${day.format(at)} ${time.format(at)}`
}

const Ticks = ({ kind }: { kind: string }) => (
  <svg class={`ticks ${kind}`} viewBox="0 0 20 12" width="20" height="12" aria-hidden="true" focusable="false">
    {kind === 'clock' && <path d="M10 1a5 5 0 1 0 .01 0M10 3v3.2l2 1.3" />}
    {kind === 'one' && <path d="M5 6.5 8 9.5 15 2.5" />}
    {(kind === 'two' || kind === 'blue') && <path d="M1 6.5 4 9.5 11 2.5M8 8.5l1.2 1L16.5 2.5" />}
    {kind === 'warn' && <path d="M10 1 17 11H3zM10 4.5v3M10 9v.6" />}
  </svg>
)

/** One message as a list item; `post` is the address taps are posted to. */
export function BubbleItem({ bubble, post, number }: { bubble: BubbleView; post: string; number: string }) {
  const { id, at, from, state, error, header, text, footer, quotes } = bubble
  const way = WAYS[state]
  const unseen = from === 'town' && ['accepted', 'held', 'failed'].includes(state)
  return (
    <li class={`row ${from}`} id={`n-${id}`} data-bubble={id}>
      <div class={`bubble ${bubble.type}${unseen ? ' unseen' : ''}`}>
        <span class="hidden">{from === 'town' ? 'Stadt: ' : 'Ich: '}</span>
        {quotes && from === 'citizen' && (
          <a class="quote" href={`#n-${quotes}`}>
            Antwort auf eine Nachricht
          </a>
        )}
        {bubble.media && <MediaView media={bubble.media} />}
        {header && <p class="head">{formatted(header)}</p>}
        {bubble.type === 'location' ? <Place text={text} /> : text && <p class="text">{formatted(text)}</p>}
        {footer && <p class="foot">{formatted(footer)}</p>}
        <p class="meta">
          <time datetime={new Date(at).toISOString()}>{timeOf(at)}</time>
          <Ticks kind={way.ticks} />
          <span class={state === 'failed' || state === 'refused' || state === 'held' ? 'way' : 'hidden'}>
            {way.words}
            {error !== null && ` (${error})`}
          </span>
        </p>
        {bubble.actions.length > 0 && <Actions bubble={bubble} post={post} number={number} />}
      </div>
    </li>
  )
}

function Actions({ bubble, post, number }: { bubble: BubbleView; post: string; number: string }) {
  const taps = bubble.actions.map((action) => <ActionView action={action} />)
  return (
    <form class="actions" method="post" action={post} data-live>
      <input type="hidden" name="kanal" value={number} />
      <input type="hidden" name="nachricht" value={bubble.id} />
      {bubble.list ? (
        <details>
          <summary>{bubble.list}</summary>
          {taps}
        </details>
      ) : (
        taps
      )}
    </form>
  )
}

function ActionView({ action }: { action: Action }) {
  if (action.kind === 'url' || action.kind === 'phone')
    return (
      <a class="tap" href={action.url} target="_blank" rel="noopener noreferrer">
        {action.title}
        <span class="hidden"> ({action.kind === 'url' ? 'Webseite' : 'Anruf'})</span>
        {action.kind === 'url' && <span aria-hidden="true"> ↗</span>}
      </a>
    )
  return (
    <button type="submit" class="tap" name="taste" value={action.key} disabled={action.kind === 'copy'}>
      {action.title}
      {action.description && <small>{action.description}</small>}
    </button>
  )
}

const NAMES: Record<string, string> = {
  image: 'Foto',
  video: 'Video',
  audio: 'Sprachnachricht',
  document: 'Dokument',
  sticker: 'Sticker',
}

function MediaView({ media: { kind, id, link, filename } }: { media: NonNullable<BubbleView['media']> }) {
  const name = NAMES[kind] ?? kind
  const source = id ? `/telefone/medien/${encodeURIComponent(id)}` : ''
  // pictures of other hosts would be fetched by this page: only their address is shown
  if (!source)
    return (
      <p class="file">{link ? <a href={link} rel="noopener noreferrer">{`${name}: ${filename || link}`}</a> : name}</p>
    )
  if (kind === 'image' || kind === 'sticker')
    return (
      <img
        class={kind}
        src={source}
        alt={name}
        width={kind === 'image' ? 480 : 128}
        height={kind === 'image' ? 360 : 128}
      />
    )
  // biome-ignore lint/a11y/useMediaCaption: a citizen's recording has no captions
  if (kind === 'video') return <video src={source} controls preload="metadata" aria-label={name} />
  // biome-ignore lint/a11y/useMediaCaption: the same
  if (kind === 'audio') return <audio src={source} controls preload="none" aria-label={name} />
  return (
    <p class="file">
      <a href={source}>{filename || name}</a>
    </p>
  )
}

const Place = ({ text }: { text: string }) => (
  <p class="text place">
    <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" focusable="false">
      <path d="M12 2a7 7 0 0 0-7 7c0 5 7 13 7 13s7-8 7-13a7 7 0 0 0-7-7zm0 9.5a2.5 2.5 0 1 1 0-5 2.5 2.5 0 0 1 0 5z" />
    </svg>
    <span>
      {text.split('\n').map((line) => (
        <span class="line">{line}</span>
      ))}
    </span>
  </p>
)

const MARKS: [RegExp, (inner: Child) => Child][] = [
  [/```([^`]+)```/, (inner) => <code>{inner}</code>],
  [/(?<![\p{L}\p{N}])\*(\S|\S[^*\n]*\S)\*(?![\p{L}\p{N}])/u, (inner) => <strong>{inner}</strong>],
  [/(?<![\p{L}\p{N}])_(\S|\S[^_\n]*\S)_(?![\p{L}\p{N}])/u, (inner) => <em>{inner}</em>],
  [/(?<![\p{L}\p{N}])~(\S|\S[^~\n]*\S)~(?![\p{L}\p{N}])/u, (inner) => <s>{inner}</s>],
]
const LINK = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)]|www\.[^\s<>"]+[^\s<>".,;:!?)]/

/** WhatsApp's own marks (*bold*, _italic_, ~struck~, ```code```) and links, as elements. */
export function formatted(text: string): Child[] {
  const link = LINK.exec(text)
  if (link) {
    const href = link[0].startsWith('www.') ? `https://${link[0]}` : link[0]
    return [
      ...formatted(text.slice(0, link.index)),
      <a href={href} target="_blank" rel="noopener noreferrer">
        {link[0]}
      </a>,
      ...formatted(text.slice(link.index + link[0].length)),
    ]
  }
  for (const [mark, element] of MARKS) {
    const found = mark.exec(text)
    if (found)
      return [
        ...formatted(text.slice(0, found.index)),
        element(formatted(found[1] ?? '')),
        ...formatted(text.slice(found.index + found[0].length)),
      ]
  }
  return text ? [text] : []
}
