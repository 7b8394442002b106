import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import type { Child } from 'hono/jsx'
import { type Action, may } from '../access/permissions.ts'
import { asset } from './assets.ts'
import { type Office, type OfficeContext, takeFlash } from './office.ts'
import { Alert, PostForm } from './parts.tsx'

const NAVIGATION: readonly { to: string; label: string; action: Action; offering?: 'info' | 'chat' }[] = [
  { to: '/office', label: 'Übersicht', action: 'broadcasts.read' },
  { to: '/office/meldungen', label: 'Meldungen', action: 'broadcasts.read', offering: 'info' },
  { to: '/office/vorlagen', label: 'Vorlagen', action: 'templates.read', offering: 'info' },
  { to: '/office/abonnenten', label: 'Abonnenten', action: 'subscribers.read' },
  { to: '/office/chats', label: 'Chats', action: 'channels.read', offering: 'chat' },
  { to: '/office/einwilligungen', label: 'Einwilligungen', action: 'consents.read' },
  { to: '/office/kanal', label: 'Kanal', action: 'channels.read' },
  { to: '/office/zugaenge', label: 'Zugänge', action: 'access.grant' },
  { to: '/office/protokoll', label: 'Protokoll', action: 'audit.read' },
]

export const DESIGN_COOKIE = 'whatsup-design'

type PageOptions = {
  title: string
  /** Names of scripts of ours; a page must work without them. */
  scripts?: readonly string[]
  status?: 200 | 403 | 404 | 409 | 422 | 429 | 500 | 502 | 503
}

/** A whole page of the console around its content. */
export function page(c: OfficeContext, options: PageOptions, content: Child): Response | Promise<Response> {
  const office = c.get('office')
  const flash = takeFlash(c)
  const body = (
    <Html c={c} {...options}>
      <a class="skip kern-link" href="#inhalt">
        Zum Inhalt springen
      </a>
      <Header office={office} path={c.req.path} />
      <div class="frame">
        <aside class="side">
          <Navigation office={office} path={c.req.path} />
        </aside>
        <main id="inhalt" tabindex={-1}>
          {flash && (
            <Alert kind={flash.kind} title={flash.kind === 'danger' ? 'Das hat nicht geklappt' : flash.text} live>
              {flash.kind === 'danger' ? flash.text : undefined}
            </Alert>
          )}
          {office.needsSetup && c.req.path !== '/office/konto' && (
            <p class="hint-line">
              <span class="kern-icon kern-icon--info kern-icon--small" aria-hidden="true" />
              <span>
                Ihr Anmeldelink gilt nur einmal. <a href="/office/konto">Bitte legen Sie ein Passwort fest.</a>
              </span>
            </p>
          )}
          {content}
        </main>
      </div>
      <Footer />
    </Html>
  )
  return c.html(`<!doctype html>${body}`, options.status ?? 200)
}

/** A page for people who are not signed in. */
export function publicPage(c: Context, options: PageOptions, content: Child): Response | Promise<Response> {
  const body = (
    <Html c={c} {...options}>
      <header class="bar">
        <p class="brand">WhatsUp · Redaktion</p>
      </header>
      <main id="inhalt" class="narrow" tabindex={-1}>
        {content}
      </main>
      <Footer />
    </Html>
  )
  return c.html(`<!doctype html>${body}`, options.status ?? 200)
}

function Html({ c, title, scripts = [], children }: PageOptions & { c: Context; children?: Child }) {
  const design = getCookie(c, DESIGN_COOKIE)
  const theme = design === 'light' || design === 'dark' ? design : undefined
  return (
    <html lang="de" data-kern-theme={theme}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content={theme ?? 'light dark'} />
        <meta name="robots" content="noindex" />
        <title>{`${title} – WhatsUp Redaktion`}</title>
        <link rel="icon" type="image/svg+xml" href={asset('icon.svg')} />
        <link rel="stylesheet" href={asset('kern/fonts/fira-sans.css')} />
        <link rel="stylesheet" href={asset('kern/kern.css')} />
        <link rel="stylesheet" href={asset('office.css')} />
        {['base.js', ...scripts].map((name) => (
          <script type="module" src={asset(name)} />
        ))}
      </head>
      <body>{children}</body>
    </html>
  )
}

/** On small screens everything but the name of the town is in the menu, which opens without script. */
const Header = ({ office, path }: { office: Office; path: string }) => (
  <header class="bar">
    <div class="bar-row">
      <p class="brand">
        <a href="/office">
          <span class="brand-product">WhatsUp · </span>
          {office.channel.town}
        </a>
      </p>
      <Tools office={office} id="kanal-wahl" />
    </div>
    <details class="menu">
      <summary class="kern-btn kern-btn--secondary">
        <span class="kern-icon kern-icon--dehaze" aria-hidden="true" />
        <span class="kern-label">Menü</span>
      </summary>
      <Navigation office={office} path={path} />
      <Tools office={office} id="kanal-wahl-menue" />
    </details>
  </header>
)

const Tools = ({ office: { actor, channel, channels }, id }: { office: Office; id: string }) => (
  <div class="bar-tools">
    {channels.length > 1 && (
      <PostForm to="/office/kanal-wechseln" class="inline">
        <label for={id} class="kern-sr-only">
          Kanal wechseln
        </label>
        <div class="kern-form-input__select-wrapper">
          <select id={id} name="wahl" class="kern-form-input__select" data-submit>
            {channels.map(({ slug, town }) => (
              <option value={slug} selected={slug === channel.slug}>
                {town}
              </option>
            ))}
          </select>
        </div>
        <button class="kern-btn kern-btn--tertiary no-script" type="submit">
          <span class="kern-label">Wechseln</span>
        </button>
      </PostForm>
    )}
    <a class="kern-link account" href="/office/konto">
      <span class="kern-icon kern-icon--account-circle" aria-hidden="true" />
      {actor.name}
    </a>
    <PostForm to="/office/abmelden" class="inline">
      <button class="kern-btn kern-btn--tertiary" type="submit">
        <span class="kern-icon kern-icon--logout" aria-hidden="true" />
        <span class="kern-label">Abmelden</span>
      </button>
    </PostForm>
  </div>
)

function Navigation({ office, path }: { office: Office; path: string }) {
  const visible = NAVIGATION.filter(
    ({ action, offering }) =>
      may(office.actor.role, action) && (offering === undefined || office.channel.offerings[offering] !== undefined),
  )
  const here = (to: string) => (to === '/office' ? path === to : path === to || path.startsWith(`${to}/`))
  return (
    <nav aria-label="Bereiche">
      <ul>
        {visible.map(({ to, label }) => (
          <li>
            <a href={to} aria-current={here(to) ? (path === to ? 'page' : 'true') : undefined}>
              {label}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

const Footer = () => (
  <footer class="foot">
    <PostForm to="/office/darstellung" class="inline">
      <fieldset>
        <legend>Darstellung</legend>
        <button name="design" value="light" type="submit">
          Hell
        </button>
        <button name="design" value="dark" type="submit">
          Dunkel
        </button>
        <button name="design" value="auto" type="submit">
          Wie mein Gerät
        </button>
      </fieldset>
    </PostForm>
    <p>
      <a href="/office/barrierefreiheit">Erklärung zur Barrierefreiheit</a>
    </p>
  </footer>
)
