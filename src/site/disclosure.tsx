import { createHash } from 'node:crypto'
import { Hono } from 'hono'
import type { Child } from 'hono/jsx'
import { secureHeaders } from 'hono/secure-headers'
import { record, SYSTEM } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { type Disclosure, disclose } from '../privacy/disclosure.ts'
import { isUsable, useLink } from '../privacy/disclosure-link.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { type Words, wordsOf } from './disclosure-texts.ts'

const STYLE = `body{font:1.05rem/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;max-width:50rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.6rem;line-height:1.2}h2{font-size:1.2rem;margin-top:2rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;border-bottom:1px solid #c8c8c8;overflow-wrap:anywhere}
button,.button{font:inherit;font-weight:600;padding:.7rem 1.2rem;margin:.3rem .6rem .3rem 0;border:2px solid #10365f;border-radius:.3rem;background:#10365f;color:#fff;cursor:pointer;text-decoration:none;display:inline-block}
button.second{background:#fff;color:#10365f}a{color:#10365f}:focus-visible{outline:3px solid #b35900;outline-offset:2px}
@media print{button,.button,.screen{display:none}body{padding:0;max-width:none;font-size:10pt}}`

const styleHash = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`

/**
 * Where the link of `auskunft` leads: `GET` shows a button, because messengers look at links in advance; `POST` uses the link up and shows everything
 * stored, to read, print and keep as JSON. Whatever is no valid link answers 410 with what to do.
 */
export function disclosureDoor(runtime: Runtime): Hono {
  const door = new Hono()
  door.use(
    '/:channel/auskunft/:token',
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: [styleHash],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
      referrerPolicy: 'no-referrer',
      strictTransportSecurity: 'max-age=15552000',
    }),
    async (c, next) => {
      await next()
      c.res.headers.set('cache-control', 'no-store')
      c.res.headers.set('x-robots-tag', 'noindex')
    },
  )
  door.get('/:channel/auskunft/:token', async (c, next) => {
    const channel = runtime.channels.get(c.req.param('channel'))
    if (!channel) return next()
    const usable = await inDeed(runtime, (deed) => isUsable(deed, channel.slug, c.req.param('token')))
    const words = wordsOf(channel.language)
    return usable ? c.html(page(channel, words.title, <Ask words={words} />)) : c.html(overPage(channel, words), 410)
  })
  door.post('/:channel/auskunft/:token', async (c, next) => {
    const channel = runtime.channels.get(c.req.param('channel'))
    if (!channel) return next()
    const words = wordsOf(channel.language)
    const { format } = await c.req.parseBody()
    const found = await inDeed(runtime, async (deed) => {
      const contact = await useLink(deed, channel.slug, c.req.param('token'))
      if (!contact) return null
      await record(deed, SYSTEM, { action: 'person.disclosed', channel: channel.slug, target: contact.id })
      return disclose(deed, channel, contact)
    })
    if (!found) return c.html(overPage(channel, words), 410)
    const json = JSON.stringify(found, null, 2)
    if (format === 'json')
      return c.body(json, 200, {
        'content-type': 'application/json; charset=utf-8',
        'content-disposition': `attachment; filename="auskunft-${channel.slug}.json"`,
      })
    return c.html(page(channel, words.title, <Everything found={found} words={words} channel={channel} json={json} />))
  })
  return door
}

const page = (channel: Channel, title: string, content: Child) =>
  `<!doctype html>${(
    <html lang={channel.language}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${title} · ${channel.name}`}</title>
        <style dangerouslySetInnerHTML={{ __html: STYLE }} />
      </head>
      <body>
        <main>
          <h1>{title}</h1>
          <p>
            {channel.name}, {channel.town}
          </p>
          {content}
        </main>
      </body>
    </html>
  )}`

const overPage = (channel: Channel, words: Words) => page(channel, words.title, <p>{words.over}</p>)

const Ask = ({ words }: { words: Words }) => (
  <form method="post">
    <p>{words.once}</p>
    <button type="submit" name="format" value="html">
      {words.show}
    </button>
    <button type="submit" name="format" value="json" class="second">
      {words.asFile}
    </button>
  </form>
)

type Shown = { found: Disclosure; words: Words; channel: Channel; json: string }

function Everything({ found, words, channel, json }: Shown) {
  const when = (at: Date | null) =>
    at === null
      ? '–'
      : new Intl.DateTimeFormat(channel.language, {
          dateStyle: 'medium',
          timeStyle: 'short',
          timeZone: channel.timezone,
        }).format(at)
  const { heads } = words
  const word = (key: string) => words.words[key] ?? key
  const topics = (keys: string[] | null) =>
    keys?.map((key) => channel.offerings.info?.topics[key] ?? key).join(', ') ?? '–'
  const { identity } = found
  return (
    <>
      <p class="screen">
        <a
          class="button"
          download={`auskunft-${channel.slug}.json`}
          href={`data:application/json;base64,${Buffer.from(json).toString('base64')}`}
        >
          {words.save}
        </a>
      </p>
      <p>
        {words.madeAt} {when(found.createdAt)}. {words.print}
      </p>
      <Rows
        title={words.who}
        rows={[
          [words.phone, identity.phone ?? '–'],
          [words.userId, identity.userId ?? '–'],
          [words.name, identity.name ?? '–'],
          [words.knownSince, when(identity.knownSince)],
          [words.lastMessage, when(identity.lastMessageAt)],
          [words.stopped, when(identity.marketingStoppedAt)],
          [words.formerIds, String(identity.formerIds)],
        ]}
      />
      <List
        title={words.subscriptions}
        none={words.none}
        heads={[heads.offering, heads.topics, heads.since, heads.until]}
        rows={found.subscriptions.map((one) => [
          word(one.offering),
          topics(one.topics),
          when(one.since),
          when(one.until),
        ])}
      />
      <List
        title={words.consents}
        none={words.none}
        heads={[heads.at, heads.offering, heads.what, heads.source, heads.wording]}
        rows={found.consents.map((one) => [
          when(one.at),
          word(one.offering),
          word(one.action),
          word(one.source),
          `${one.wording ?? '–'} (${words.notice} ${one.noticeVersion})`,
        ])}
      />
      <List
        title={words.chats}
        none={words.none}
        heads={[heads.since, heads.until, heads.messages]}
        rows={found.chats.map((one) => [
          when(one.openedAt),
          when(one.closedAt),
          one.messages.map(({ at, from, type }) => `${when(at)}: ${word(from)}, ${word(type)}`).join(' · ') || '–',
        ])}
      />
      <List
        title={words.waiting}
        none={words.none}
        heads={[heads.at, heads.until, heads.text]}
        rows={found.waiting.map((one) => [when(one.at), when(one.keepUntil), one.text ?? '–'])}
      />
      <List
        title={words.messages}
        none={words.none}
        heads={[heads.at, heads.kind, heads.state, heads.text]}
        rows={found.messages.map((one) => [
          when(one.at),
          one.title ?? word(one.kind),
          word(one.state),
          one.content === null ? words.gone : JSON.stringify(one.content),
        ])}
      />
      <List
        title={words.lines}
        none={words.none}
        heads={[heads.at, heads.kind]}
        rows={found.automaticLines.map((one) => [when(one.at), one.kind])}
      />
      <List
        title={words.accesses}
        none={words.none}
        heads={[heads.at, heads.what]}
        rows={found.accesses.map((one) => [when(one.at), word(one.action)])}
      />
      <List
        title={words.purposes}
        none={words.none}
        heads={[heads.data, heads.purpose, heads.ground, heads.kept]}
        rows={found.purposes.map((one) => [one.data, one.purpose, one.ground, one.kept])}
      />
      <h2>{words.others}</h2>
      <p>{words.meta}</p>
      <h2>{words.rights}</h2>
      <p>{words.rightsText}</p>
      <p>
        <a href={found.channel.noticeUrl} rel="noreferrer">
          {words.noticeLink}
        </a>
      </p>
    </>
  )
}

const Rows = ({ title, rows }: { title: string; rows: [string, string][] }) => (
  <section>
    <h2>{title}</h2>
    <table>
      <tbody>
        {rows.map(([name, value]) => (
          <tr>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </section>
)

const List = ({ title, heads, rows, none }: { title: string; heads: string[]; rows: string[][]; none: string }) => (
  <section>
    <h2>{title}</h2>
    {rows.length === 0 ? (
      <p>{none}</p>
    ) : (
      <table>
        <thead>
          <tr>
            {heads.map((head) => (
              <th scope="col">{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              {row.map((cell) => (
                <td>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    )}
  </section>
)
