import { Hono } from 'hono'
import { raw } from 'hono/html'
import QRCode from 'qrcode'
import type { Channel, Offering } from '../channels/channel.ts'
import { posterMessage } from '../channels/posters.ts'
import { Refusal } from '../refusal.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { spaced, whatsappLink } from '../site/site.tsx'
import { siteTexts } from '../site/texts.ts'
import { type PosterSignUps, signUpsByPoster } from '../subscriptions/posters.ts'
import { count, dateTime } from './format.ts'
import { page } from './layout.tsx'
import { type OfficeEnv, only } from './office.ts'
import { Empty, Head, LinkButton, Note, Section, Table } from './parts.tsx'
import { offerings } from './texts.de.ts'

const LIST = '/office/kanal/aushaenge'

/** `/office/kanal/aushaenge`: the posters of the channel file, how many signed up by each, and a sheet to print for each. */
export const posterRoutes = (runtime: Runtime) =>
  new Hono<OfficeEnv>()
    .get('/kanal/aushaenge', only('channels.read'), async (c) => {
      const { channel } = c.get('office')
      const counted = await inDeed(runtime, (deed) => signUpsByPoster(deed, channel.slug))
      const posters = Object.entries(channel.posters)
      const gone = counted.filter(({ code }) => !Object.hasOwn(channel.posters, code))
      return page(
        c,
        { title: 'Aushänge' },
        <>
          <Head title="Aushänge" back={['/office/kanal', 'Kanal']} />
          <Note>
            Wer den QR-Code eines Aushangs einliest, sendet ein Stichwort mit dem Code des Aushangs. Gezählt werden
            Anmeldungen: Wer sich inzwischen abgemeldet hat, zählt weiter mit.
          </Note>
          {posters.length === 0 ? (
            <Empty>Noch keine Aushänge.</Empty>
          ) : (
            <Table
              caption="Aushänge"
              head={['Aushang', 'Angebot', 'Nachricht', 'Zuletzt', 'Anmeldungen']}
              numeric={[4]}
              rows={posters.flatMap(([code, place]) =>
                offered(channel).map((offering) => [
                  <a class="kern-link" href={`${LIST}/${code}`}>
                    {place}
                  </a>,
                  offerings[offering],
                  <a href={linkOf(channel, offering, code)}>{messageOf(channel, offering, code)}</a>,
                  ...figures(channel, offering, find(counted, code, offering)),
                ]),
              )}
            />
          )}
          <Note>{`Aushänge stehen in der Datei channels/${channel.slug}.yaml unter „posters“. Die Technik ergänzt sie dort. Ein Code bleibt stehen, solange der Aushang irgendwo hängen kann.`}</Note>
          {gone.length > 0 && (
            <Section title="Nicht mehr in der Kanaldatei" id="frueher">
              <Note>Die Nachrichten dieser Aushänge melden niemanden mehr an.</Note>
              <Table
                caption="Nicht mehr in der Kanaldatei"
                head={['Code', 'Angebot', 'Zuletzt', 'Anmeldungen']}
                numeric={[3]}
                rows={gone.map((one) => [
                  one.code,
                  offerings[one.offering],
                  dateTime(one.lastAt, channel.timezone),
                  count(one.signUps),
                ])}
              />
            </Section>
          )}
        </>,
      )
    })
    .get('/kanal/aushaenge/:code', only('channels.read'), async (c) => {
      const { channel } = c.get('office')
      const { code, place } = posterAt(channel, c.req.param('code'))
      const sheets = await Promise.all(
        offered(channel).map(async (offering) => (
          <Sheet channel={channel} offering={offering} code={code} picture={await pictureOf(channel, offering, code)} />
        )),
      )
      return page(
        c,
        { title: place },
        <>
          <div class="screen">
            <Head title={place} back={[LIST, 'Aushänge']} />
          </div>
          <p class="kern-body screen">Zum Aufhängen drucken Sie diese Seite: je Angebot ein Blatt.</p>
          {sheets}
        </>,
      )
    })
    .get('/kanal/aushaenge/:code/:angebot', only('channels.read'), async (c) => {
      const { channel } = c.get('office')
      const { code } = posterAt(channel, c.req.param('code'))
      const offering = offered(channel).find((one) => one === c.req.param('angebot'))
      if (!offering) throw new Refusal('not-found')
      return c.body(await pictureOf(channel, offering, code), 200, {
        'content-type': 'image/svg+xml',
        'content-disposition': `attachment; filename="${channel.slug}-${code}-${offering}.svg"`,
      })
    })

function posterAt({ posters }: Channel, code: string): { code: string; place: string } {
  if (!Object.hasOwn(posters, code)) throw new Refusal('not-found')
  return { code, place: posters[code]! }
}

const offered = ({ offerings }: Channel): Offering[] =>
  (['info', 'chat'] as const).filter((offering) => offerings[offering])

const messageOf = (channel: Channel, offering: Offering, code: string) =>
  posterMessage(channel.offerings[offering]!.join[0]!, code)

const linkOf = (channel: Channel, offering: Offering, code: string) =>
  whatsappLink(channel.whatsapp.phoneNumber, messageOf(channel, offering, code))

/** With the white border of four modules that the standard asks for on paper. */
const pictureOf = (channel: Channel, offering: Offering, code: string) =>
  QRCode.toString(linkOf(channel, offering, code), { type: 'svg', margin: 4 })

const find = (counted: readonly PosterSignUps[], code: string, offering: Offering) =>
  counted.find((one) => one.code === code && one.offering === offering)

/** Where a chat needs no consent its poster opens it, and there is nothing to count. */
const figures = (channel: Channel, offering: Offering, counted: PosterSignUps | undefined) =>
  offering === 'chat' && channel.offerings.chat?.optInRequired === false
    ? ['–', 'ohne Anmeldung']
    : [counted ? dateTime(counted.lastAt, channel.timezone) : '–', count(counted?.signUps ?? 0)]

/** What hangs on the wall, in the language of the channel. */
const Sheet = ({
  channel,
  offering,
  code,
  picture,
}: {
  channel: Channel
  offering: Offering
  code: string
  picture: string
}) => {
  const texts = siteTexts[channel.language]
  const message = messageOf(channel, offering, code)
  const { leave } = channel.offerings[offering]!
  return (
    <section class="part" aria-labelledby={`blatt-${offering}`}>
      <div class="card sheet" lang={texts.lang}>
        <p class="kern-body">{channel.town}</p>
        <h2 class="kern-heading-large" id={`blatt-${offering}`}>
          {`${channel.name}: ${texts[offering]}`}
        </h2>
        <p class="kern-body">{offering === 'info' ? texts.infoText : texts.chatText}</p>
        <div class="qr" role="img" aria-label={texts.qr}>
          {raw(picture)}
        </div>
        <ol class="kern-body">
          <li>{texts.posterScan}</li>
          <li>{texts.posterSend(message)}</li>
          <li>{texts.stepDone}</li>
        </ol>
        <p class="kern-body">{texts.posterByHand(message, spaced(channel.whatsapp.phoneNumber))}</p>
        <p class="kern-body">
          {texts.free} {texts.posterEnd(leave[0]!.toUpperCase())}
        </p>
        <p class="kern-body kern-body--small">
          {texts.privacyText} {channel.privacy.noticeUrl}
        </p>
        <p class="kern-body kern-body--small">{texts.emergency}</p>
      </div>
      <p class="screen">
        <LinkButton to={`${LIST}/${code}/${offering}`} icon="download">
          {`QR-Code als Bild (${offerings[offering]})`}
        </LinkButton>
      </p>
    </section>
  )
}
