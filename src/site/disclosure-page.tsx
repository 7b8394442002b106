import type { Child } from 'hono/jsx'
import type { Channel } from '../channels/channel.ts'
import { localeOf } from '../channels/locale.ts'
import type { Disclosure } from '../privacy/disclosure.ts'
import { PREFERENCE, readSource } from '../subscriptions/source.ts'
import { STOPPED_ADVERTISING } from '../subscriptions/suppressions.ts'
import { noNotice } from '../subscriptions/unite.ts'
import type { Words } from './disclosure-texts.ts'

type Shown = { found: Disclosure; words: Words; channel: Channel; json: string }

/** Reasons of a suppression that are no erasure. */
const NOT_ERASED: ReadonlySet<string> = new Set(['left', STOPPED_ADVERTISING])

/** Everything stored about one person, to read, print and keep. `json` is the same for machines. */
export function Everything({ found, words, channel, json }: Shown) {
  const when = (at: Date | null) =>
    at === null
      ? '–'
      : new Intl.DateTimeFormat(localeOf(channel), {
          dateStyle: 'medium',
          timeStyle: 'short',
          timeZone: channel.timezone,
        }).format(at)
  const { heads } = words
  const known: Readonly<Record<string, string>> = words.words
  const word = (key: string) => known[key] ?? key
  const source = (key: string) => {
    const { stated, imported, poster } = readSource(key, channel)
    const how = poster === null ? word(stated) : poster.startsWith(words.poster) ? poster : `${words.poster}: ${poster}`
    return imported ? `${words.imported}: ${how}` : how
  }
  const topics = (keys: string[] | null, offering: string) =>
    keys?.map((key) => channel.offerings.info?.topics[key] ?? key).join(', ') ??
    (offering === 'info' ? words.allTopics : '–')
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
          [words.phone, <span class="whole">{identity.phone ?? '–'}</span>],
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
          topics(one.topics, one.offering),
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
          known[`${one.source} ${one.action}`] ?? word(one.action),
          source(one.source),
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
        rows={found.automaticLines.map((one) => [when(one.at), word(one.kind)])}
      />
      <List
        title={words.suppressions}
        none={words.none}
        heads={[heads.since, heads.why]}
        rows={found.suppressions.map((one) => [
          when(one.at),
          NOT_ERASED.has(one.reason) ? word(one.reason) : `${word('person.erased')} (${word(one.reason)})`,
        ])}
      />
      {saysNo(found) && <p>{words.keptAway}</p>}
      <List
        title={words.accesses}
        none={words.none}
        heads={[heads.at, heads.what]}
        rows={found.accesses.map((one) => [
          when(one.at),
          word(one.action) + (one.refused ? ` (${words.refused})` : ''),
        ])}
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

/** Whether they said no to something and have not agreed to it since: that alone keeps lists away, whatever is noted besides. */
const saysNo = ({ subscriptions, automaticLines, consents }: Disclosure): boolean =>
  (['info', 'chat'] as const).some((offering) => {
    const last = consents.findLast((one) => one.offering === offering && one.source !== PREFERENCE)
    const noted = automaticLines.some(({ kind }) => kind === noNotice(offering))
    const active = subscriptions.some((one) => one.offering === offering && one.until === null)
    return !active && (noted || last?.action === 'withdrawn')
  })

const Rows = ({ title, rows }: { title: string; rows: [string, Child][] }) => (
  <section>
    <h2>{title}</h2>
    <table class="rows">
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

/** Said although the element has it: a table that is laid out as cards (disclosure-style.ts) is none any more for some screen readers. */
const as = (role: 'table' | 'rowgroup' | 'row' | 'columnheader' | 'cell') => ({ role })

const List = ({ title, heads, rows, none }: { title: string; heads: string[]; rows: string[][]; none: string }) => (
  <section>
    <h2>{title}</h2>
    {rows.length === 0 ? (
      <p>{none}</p>
    ) : (
      <table class="list" {...as('table')}>
        <thead {...as('rowgroup')}>
          <tr {...as('row')}>
            {heads.map((head) => (
              <th scope="col" {...as('columnheader')}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody {...as('rowgroup')}>
          {rows.map((row) => (
            <tr {...as('row')}>
              {row.map((cell, i) => (
                <td data-label={heads[i]} {...as('cell')}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    )}
  </section>
)
