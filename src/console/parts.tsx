import type { Child } from 'hono/jsx'
import type { Flash } from './office.ts'

type Kind = Flash['kind']

/** A box that says something important. `live` is read out as soon as it appears. */
export const Alert = ({
  kind,
  title,
  live,
  children,
}: {
  kind: Kind
  title: string
  live?: boolean
  children?: Child
}) => (
  <div class={`kern-alert kern-alert--${kind}`} role={live ? (kind === 'danger' ? 'alert' : 'status') : undefined}>
    <div class="kern-alert__header">
      <span class={`kern-icon kern-icon--${kind}`} aria-hidden="true" />
      <span class="kern-title">{title}</span>
    </div>
    {children ? (
      <div class="kern-alert__body">
        <div class="kern-body">{children}</div>
      </div>
    ) : null}
  </div>
)

export const Badge = ({ tone, children }: { tone: Kind; children: Child }) => (
  <span class={`kern-badge kern-badge--${tone}`}>
    <span class={`kern-icon kern-icon--${tone} kern-icon--small`} aria-hidden="true" />
    <span class="kern-label kern-label--small">{children}</span>
  </span>
)

/** The heading of a page with what can be done there. */
export const Head = ({
  title,
  back,
  children,
}: {
  title: string
  back?: [to: string, label: string]
  children?: Child
}) => (
  <div>
    {back && (
      <p class="back">
        <a class="kern-link" href={back[0]}>
          <span class="kern-icon kern-icon--arrow-back kern-icon--small" aria-hidden="true" />
          {back[1]}
        </a>
      </p>
    )}
    <div class="head">
      <h1 class="kern-heading-x-large">{title}</h1>
      {children ? <div class="actions">{children}</div> : null}
    </div>
  </div>
)

/** A titled part of a page. */
export const Section = ({
  title,
  id,
  children,
  aside,
}: {
  title: string
  id?: string
  children: Child
  aside?: Child
}) => (
  <section class="part" aria-labelledby={id ? `${id}-titel` : undefined} id={id}>
    <div class="part-head">
      <h2 class="kern-heading-medium" id={id ? `${id}-titel` : undefined}>
        {title}
      </h2>
      {aside}
    </div>
    {children}
  </section>
)

/** A form that changes something. `kanal` names the town it was shown for. */
export const PostForm = ({
  to,
  kanal,
  children,
  class: name,
  id,
  upload,
  ...rest
}: {
  to: string
  kanal?: string
  children?: Child
  class?: string
  id?: string
  upload?: boolean
  [data: `data-${string}`]: string | undefined
}) => (
  <form
    method="post"
    action={kanal ? `${to}${to.includes('?') ? '&' : '?'}kanal=${kanal}` : to}
    class={name}
    id={id}
    enctype={upload ? 'multipart/form-data' : undefined}
    novalidate
    {...rest}
  >
    {children}
  </form>
)

type Look = 'primary' | 'secondary' | 'tertiary'

export const Button = ({
  look = 'secondary',
  icon,
  name,
  value,
  danger,
  children,
  ...rest
}: {
  look?: Look
  icon?: string
  name?: string
  value?: string
  danger?: boolean
  formaction?: string
  children: Child
  [data: `data-${string}`]: string | undefined
}) => (
  <button
    class={`kern-btn kern-btn--${look}${danger ? ' danger' : ''}`}
    type="submit"
    name={name}
    value={value}
    {...rest}
  >
    {icon ? <span class={`kern-icon kern-icon--${icon}`} aria-hidden="true" /> : null}
    <span class="kern-label">{children}</span>
  </button>
)

export const LinkButton = ({
  to,
  look = 'secondary',
  icon,
  children,
}: {
  to: string
  look?: Look
  icon?: string
  children: Child
}) => (
  <a class={`kern-btn kern-btn--${look}`} href={to}>
    {icon ? <span class={`kern-icon kern-icon--${icon}`} aria-hidden="true" /> : null}
    <span class="kern-label">{children}</span>
  </a>
)

/** Facts with their names. Empty ones are left out. */
export const Facts = ({ of }: { of: readonly (readonly [name: string, value: Child])[] }) => (
  <dl class="kern-description-list facts">
    {of
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(([name, value]) => (
        <div class="kern-description-list-item">
          <dt class="kern-description-list-item__key">{name}</dt>
          <dd class="kern-description-list-item__value">{value}</dd>
        </div>
      ))}
  </dl>
)

/** Said although the element has it: a table that is laid out as cards is none any more for some screen readers. */
const as = (role: 'table' | 'rowgroup' | 'row' | 'columnheader' | 'rowheader' | 'cell') => ({ role })

const MANY_COLUMNS = 5

/**
 * A table whose first cell names its row; where it has no room each row becomes a card under its name, of labels and values (office.css). `caption` is read out only, as a
 * heading above says the same.
 */
export const Table = ({
  caption,
  head,
  rows,
  numeric = [],
}: {
  caption: string
  /** An empty name is a column of buttons. */
  head: readonly string[]
  rows: readonly (readonly Child[])[]
  numeric?: readonly number[]
}) => {
  const kind = (part: 'header' | 'cell', index: number) =>
    `kern-table__${part}${numeric.includes(index) ? ` kern-table__${part}--numeric` : ''}`
  return (
    <div class={`table${head.length < MANY_COLUMNS ? '' : ' table-wide'}`}>
      <table class="kern-table" {...as('table')}>
        <caption class="kern-sr-only">{caption}</caption>
        <thead {...as('rowgroup')}>
          <tr class="kern-table__row" {...as('row')}>
            {head.map((name, index) => (
              <th scope="col" class={kind('header', index)} {...as('columnheader')}>
                {name === '' ? <span class="kern-sr-only">Aktion</span> : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody class="kern-table__body" {...as('rowgroup')}>
          {rows.map((cells) => (
            <tr class="kern-table__row" {...as('row')}>
              {cells.map((cell, index) =>
                index === 0 ? (
                  <th scope="row" class={`${kind('cell', 0)} name`} {...as('rowheader')}>
                    <div>{cell}</div>
                  </th>
                ) : (
                  <td class={kind('cell', index)} data-label={head[index] || undefined} {...as('cell')}>
                    {cell === null || cell === '' ? null : <div>{cell}</div>}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** On to the next page of a list; nothing if this is the last one. */
export const More = ({ to, label = 'Weitere anzeigen' }: { to: string | null; label?: string }) =>
  to === null ? null : (
    <p class="more">
      <LinkButton to={to} icon="arrow-forward">
        {label}
      </LinkButton>
    </p>
  )

export const Empty = ({ children }: { children: Child }) => <p class="kern-body empty">{children}</p>
export const Note = ({ children }: { children: Child }) => <p class="kern-body kern-body--small note">{children}</p>
