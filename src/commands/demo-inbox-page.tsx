import type { InboxContact, InboxEventOf } from '../inbox/contract.ts'

type Media = InboxEventOf<'chat.message.received'>['data']['message']['media']

export type DeskMessage = {
  id: string
  ours: boolean
  at: string
  type: string
  text: string | null
  replyTo?: string | null
  media?: Media
  /** of an answer: queued, sent, delivered, read, failed */
  state?: string
  error?: string
}

export type DeskChat = {
  id: string
  channel: string
  contact: InboxContact | null
  openedAt: string
  replyUntil: string
  replyUrl: string
  closedAt: string | null
  erased: boolean
  messages: DeskMessage[]
}

/** Chats in the order of their latest message, oldest first. */
export type Desk = { towns: ReadonlyMap<string, { name: string }>; chats: Map<string, DeskChat> }

const clock = new Intl.DateTimeFormat('de', { timeZone: 'Europe/Berlin', hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat('de', {
  timeZone: 'Europe/Berlin',
  weekday: 'long',
  hour: '2-digit',
  minute: '2-digit',
})

const nameOf = ({ contact, erased }: DeskChat) =>
  erased ? 'Gelöscht' : (contact?.name ?? contact?.phone ?? 'Ohne Namen')

const KINDS: Readonly<Record<string, string>> = {
  image: 'Foto',
  video: 'Video',
  audio: 'Sprachnachricht',
  document: 'Dokument',
  sticker: 'Sticker',
  location: 'Standort',
  contacts: 'Kontakt',
  reaction: 'Reaktion',
}
const STATES: Readonly<Record<string, string>> = {
  queued: 'wird gesendet',
  sent: '✓ gesendet',
  delivered: '✓✓ zugestellt',
  read: '✓✓ gelesen',
  failed: 'nicht zugestellt',
}

/** The whole inbox: the list of chats and, beside or below it, the one that is open. */
export function InboxPage({
  desk,
  current,
  error,
}: {
  desk: Desk
  current?: DeskChat
  error?: { message: string; draft?: string }
}) {
  return (
    <html lang="de">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{current ? `${nameOf(current)} – Posteingang` : 'Posteingang'}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/assets/inbox.css" />
        <script type="module" src="/assets/inbox.js" />
      </head>
      <body class={current ? 'reading' : ''}>
        <header>
          <h1>
            <a href="/">Posteingang</a>
          </h1>
          <p>Ein Beispiel: So kommen Chats in einem eigenen Posteingang an.</p>
        </header>
        <div class="desk">
          <nav aria-label="Chats" data-live="chats">
            <ChatList desk={desk} current={current} />
          </nav>
          <main>{current ? <OpenChat chat={current} desk={desk} error={error} /> : <Nothing desk={desk} />}</main>
        </div>
      </body>
    </html>
  )
}

function ChatList({ desk, current }: { desk: Desk; current?: DeskChat }) {
  const chats = [...desk.chats.values()].reverse()
  if (chats.length === 0) return <p class="quiet">Noch keine Nachricht.</p>
  return (
    <ul>
      {chats.map((chat) => {
        const last = chat.messages.at(-1)
        return (
          <li>
            <a href={`/chats/${chat.id}`} aria-current={chat === current ? 'page' : undefined}>
              <span class="who">{nameOf(chat)}</span>
              <span class="town">{desk.towns.get(chat.channel)?.name ?? chat.channel}</span>
              <span class="last">{chat.closedAt ? 'Abgeschlossen' : last ? preview(last) : ''}</span>
              {last && <time datetime={last.at}>{clock.format(new Date(last.at))}</time>}
            </a>
          </li>
        )
      })}
    </ul>
  )
}

const preview = ({ ours, text, type }: DeskMessage) => `${ours ? 'Sie: ' : ''}${text ?? KINDS[type] ?? type}`

function Nothing({ desk }: { desk: Desk }) {
  return (
    <p class="quiet">
      {desk.chats.size === 0
        ? 'Schreiben Sie als Bürgerin oder Bürger eine Nachricht: Sie erscheint hier von selbst.'
        : 'Bitte wählen Sie einen Chat.'}
    </p>
  )
}

function OpenChat({ chat, desk, error }: { chat: DeskChat; desk: Desk; error?: { message: string; draft?: string } }) {
  return (
    <>
      <div class="top">
        <a class="back" href="/">
          ← Alle Chats
        </a>
        <div>
          <h2>{nameOf(chat)}</h2>
          <p>{[desk.towns.get(chat.channel)?.name, chat.contact?.phone].filter(Boolean).join(' · ')}</p>
        </div>
        {!chat.closedAt && (
          <form method="post" action={`/chats/${chat.id}/abschliessen`}>
            <button type="submit" class="plain">
              Abschließen
            </button>
          </form>
        )}
      </div>
      <div data-live="messages">
        <ol class="messages">
          {chat.messages.map((message) => (
            <Bubble message={message} chat={chat} />
          ))}
        </ol>
        {chat.closedAt && (
          <p class="note" role="status">
            {chat.erased
              ? 'Dieses Anliegen ist abgeschlossen, alle Daten sind gelöscht.'
              : 'Dieses Anliegen ist abgeschlossen.'}
          </p>
        )}
      </div>
      {error && (
        <p class="alert" role="alert">
          {error.message}
        </p>
      )}
      {!chat.closedAt && (
        <form class="answer" method="post" action={`/chats/${chat.id}/antwort`}>
          <label for="text">
            Ihre Antwort <small>(möglich bis {day.format(new Date(chat.replyUntil))} Uhr)</small>
          </label>
          <textarea id="text" name="text" rows={3} maxlength={4096} required>
            {error?.draft ?? ''}
          </textarea>
          <button type="submit">Senden</button>
        </form>
      )}
    </>
  )
}

function Bubble({ message, chat }: { message: DeskMessage; chat: DeskChat }) {
  const { ours, type, text, media, at, state, error } = message
  const quoted = message.replyTo ? chat.messages.find(({ id }) => id === message.replyTo) : undefined
  return (
    <li class={ours ? 'ours' : 'theirs'}>
      {quoted && <blockquote>{preview(quoted)}</blockquote>}
      {media && <Medium type={type} media={media} />}
      {text && <p class="text">{text}</p>}
      {!text && !media && <p class="text quiet">{KINDS[type] ?? type}</p>}
      <p class="when">
        <time datetime={at}>{clock.format(new Date(at))}</time>
        {state && <span class={state}> {STATES[state] ?? state}</span>}
        {error && <span class="failed">: {error}</span>}
      </p>
    </li>
  )
}

function Medium({ type, media }: { type: string; media: NonNullable<Media> }) {
  const name = media.filename ?? KINDS[type] ?? 'Datei'
  if (type === 'image' || type === 'sticker') return <img src={media.url} alt={name} loading="lazy" />
  // biome-ignore lint/a11y/useMediaCaption: a citizen's video comes without captions
  if (type === 'video') return <video src={media.url} controls preload="metadata" />
  // biome-ignore lint/a11y/useMediaCaption: a citizen's voice message comes without captions
  if (type === 'audio') return <audio src={media.url} controls preload="none" />
  return <a href={media.url}>{name}</a>
}
