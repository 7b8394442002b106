import { Hono } from 'hono'
import type { Child } from 'hono/jsx'
import { secureHeaders } from 'hono/secure-headers'
import { record, SYSTEM } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { disclose } from '../privacy/disclosure.ts'
import { isUsable, useLink } from '../privacy/disclosure-link.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { Everything } from './disclosure-page.tsx'
import { STYLE, styleHash } from './disclosure-style.ts'
import { type Words, wordsOf } from './disclosure-texts.ts'

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
