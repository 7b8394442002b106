import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Hono } from 'hono'
import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'
import { secureHeaders } from 'hono/secure-headers'
import QRCode from 'qrcode'
import type { Channel } from '../channels/channel.ts'
import type { Runtime } from '../runtime.ts'
import { staticFiles } from './static.ts'
import { type SiteTexts, siteTexts } from './texts.ts'

const { asset, routes: assets } = staticFiles('/assets', join(dirname(fileURLToPath(import.meta.url)), 'assets'))

/** The public pages: `/` names the towns, `/{channel}` says what a town offers and how to join. No cookies, no scripts, nothing from elsewhere. */
export function siteDoor({ channels }: Pick<Runtime, 'channels'>): Hono {
  const site = new Hono()
  site.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        fontSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
      },
    }),
  )
  site.route('/assets', assets)
  site.get('/', (c) => {
    const texts = siteTexts.de
    return c.html(
      page(
        texts,
        texts.title,
        <>
          <h1 class="kern-heading-x-large">{texts.title}</h1>
          <p class="kern-body kern-body--large">{texts.intro}</p>
          <h2 class="kern-heading-medium">{texts.towns}</h2>
          <ul class="towns">
            {[...channels.values()].map(({ slug, town, name, offerings }) => (
              <li>
                <a href={`/${slug}`}>
                  <strong>{town}</strong>
                  <span>{name}</span>
                  <span>
                    {[offerings.info && texts.info, offerings.chat && texts.chat].filter(Boolean).join(' · ')}
                  </span>
                </a>
              </li>
            ))}
          </ul>
        </>,
      ),
    )
  })
  site.get('/:channel', async (c, next) => {
    const channel = channels.get(c.req.param('channel'))
    if (!channel) return next()
    const texts = siteTexts[channel.language]
    return c.html(page(texts, channel.name, await townPage(channel, texts)))
  })
  site.get('*', (c, next) => (FOR_MACHINES.test(c.req.path) ? next() : c.html(missingPage(), 404)))
  return site
}

/** What is not found there is told as a problem document. */
const FOR_MACHINES = /^\/(api|webhooks|health|metrics)(\/|$)/

function missingPage(): string {
  const texts = siteTexts.de
  const body = (
    <>
      <h1 class="kern-heading-x-large">{texts.missing}</h1>
      <p class="kern-body">
        <a href="/">{texts.home}</a>
      </p>
    </>
  )
  return page(texts, texts.missing, body)
}

/** A link that opens WhatsApp with a word ready to send. */
export const whatsappLink = (phoneNumber: string, word: string): string =>
  `https://wa.me/${phoneNumber.replace(/\D/g, '')}?text=${encodeURIComponent(word)}`

const capital = (word: string) => word.toUpperCase()

async function townPage(channel: Channel, texts: SiteTexts) {
  const { name, town, whatsapp, offerings, privacy } = channel
  const { info, chat } = offerings
  const first = info ? info.join[0]! : chat!.join[0]!
  const link = (word: string) => whatsappLink(whatsapp.phoneNumber, capital(word))
  const code = await QRCode.toString(link(first), { type: 'svg', margin: 1 })
  return (
    <>
      <p class="kern-preline">{town}</p>
      <h1 class="kern-heading-x-large">{name}</h1>
      <div class="columns">
        <div class="stack">
          {info && (
            <section class="offer" aria-labelledby="info">
              <h2 class="kern-heading-medium" id="info">
                {texts.info}
              </h2>
              <p class="kern-body">{texts.infoText}</p>
              {Object.keys(info.topics).length > 0 && (
                <p class="kern-body">{`${texts.infoTopics} ${Object.values(info.topics).join(', ')}.`}</p>
              )}
              <p>
                <a class="open" href={link(info.join[0]!)}>
                  {texts.infoButton}
                </a>
              </p>
            </section>
          )}
          {chat && (
            <section class="offer" aria-labelledby="chat">
              <h2 class="kern-heading-medium" id="chat">
                {texts.chat}
              </h2>
              <p class="kern-body">{texts.chatText}</p>
              <p class="kern-body">{`${texts.chatAccepts} ${chat.accepts.map((kind) => texts.kinds[kind] ?? kind).join(', ')}.`}</p>
              <p>
                <a class="open" href={link(chat.join[0]!)}>
                  {texts.chatButton}
                </a>
              </p>
            </section>
          )}
          <p class="kern-body">{texts.free}</p>
        </div>
        <aside class="code" aria-label={texts.how}>
          <div class="qr" role="img" aria-label={texts.qr}>
            {raw(code)}
          </div>
          <p class="kern-body">
            {texts.number}: <strong>{spaced(whatsapp.phoneNumber)}</strong>
          </p>
        </aside>
      </div>
      <section aria-labelledby="so">
        <h2 class="kern-heading-medium" id="so">
          {texts.how}
        </h2>
        <ol class="steps">
          <li class="kern-body">{texts.stepOpen}</li>
          <li class="kern-body">{texts.stepSend}</li>
          <li class="kern-body">{texts.stepDone}</li>
        </ol>
      </section>
      <section aria-labelledby="worte">
        <h2 class="kern-heading-medium" id="worte">
          {texts.words}
        </h2>
        <dl class="words">
          {info && <Word word={info.join[0]!} means={`${texts.info}: ${texts.join}`} />}
          {info && <Word word={info.leave[0]!} means={`${texts.info}: ${texts.leave}`} />}
          {info && Object.keys(info.topics).length > 0 && <Word word="themen" means={texts.topics} />}
          {chat && <Word word={chat.join[0]!} means={texts.joinChat} />}
          {chat && <Word word={chat.leave[0]!} means={texts.leaveChat} />}
          {(info || chat) && <Word word="stop alles" means={texts.leaveAll} />}
          <Word word="status" means={texts.status} />
          <Word word="hilfe" means={texts.help} />
          <Word word="auskunft" means={texts.data} />
          <Word word="löschen" means={texts.erase} />
        </dl>
      </section>
      <section aria-labelledby="datenschutz">
        <h2 class="kern-heading-medium" id="datenschutz">
          {texts.privacy}
        </h2>
        <p class="kern-body">
          {texts.privacyText} <a href={privacy.noticeUrl}>{texts.notice}</a>
        </p>
      </section>
      <p class="emergency kern-body">{texts.emergency}</p>
    </>
  )
}

const Word = ({ word, means }: { word: string; means: string }) => (
  <div>
    <dt>{capital(word)}</dt>
    <dd>{means}</dd>
  </div>
)

/** `+49 2932 201100` as people write it, as far as it can be told. */
export const spaced = (phone: string): string => phone.replace(/^(\+49)(\d{4})(\d+)$/, '$1 $2 $3')

const page = (texts: SiteTexts, title: string, content: Child): string =>
  `<!doctype html>${(
    <html lang={texts.lang}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title}</title>
        <link rel="icon" type="image/svg+xml" href={asset('icon.svg')} />
        <link rel="stylesheet" href={asset('kern/fonts/fira-sans.css')} />
        <link rel="stylesheet" href={asset('kern/kern.css')} />
        <link rel="stylesheet" href={asset('site.css')} />
      </head>
      <body>
        <main>{content}</main>
      </body>
    </html>
  )}`
