import { viewOf } from './bubble-view.ts'
import { BubbleItem } from './bubbles.tsx'
import type { Account, Citizen, State } from './state.ts'

const phoneOf = (citizen: Citizen): string => (citizen.phone ? `+${citizen.phone}` : 'Nummer unbekannt')

/** The whole page for one town: a bar on top and one phone per citizen on stage. */
export function Page({ state, account }: { state: State; account: Account }) {
  const citizens = [...state.citizens.values()]
  const stage = citizens.filter((citizen) => citizen.onStage)
  const others = citizens.filter((citizen) => !citizen.onStage).slice(0, 200)
  return (
    <html lang="de">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`Bürger spielen – ${account.name}`}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/telefone/assets/phones.css" />
        <script type="module" src="/telefone/assets/phones.js" />
      </head>
      <body data-kanal={account.phoneNumberId}>
        <header class="bar">
          <div class="title">
            <h1>Bürger spielen</h1>
            <p>Jedes Telefon ist eine Person, die der Stadt schreibt. Nichts davon verlässt diesen Rechner.</p>
          </div>
          <form class="towns" method="get" action="/">
            <label for="kanal">Stadt</label>
            <select id="kanal" name="kanal" data-auto>
              {state.accounts.map((each) => (
                <option value={each.phoneNumberId} selected={each === account}>
                  {each.name}
                </option>
              ))}
            </select>
            <button type="submit">Anzeigen</button>
          </form>
          <details class="add">
            <summary>Person hinzufügen</summary>
            <div class="panel">
              <form method="post" action="/telefone/neu">
                <input type="hidden" name="kanal" value={account.phoneNumberId} />
                <label for="neu-name">Vorname</label>
                <input id="neu-name" name="name" autocomplete="off" maxlength={40} required />
                <label for="neu-telefon">Telefonnummer (leer: eine freie)</label>
                <input id="neu-telefon" name="telefon" type="tel" autocomplete="off" placeholder="+49 151 …" />
                <button type="submit">Neues Telefon</button>
              </form>
              {others.length > 0 && (
                <form method="post" action="/telefone/neu">
                  <input type="hidden" name="kanal" value={account.phoneNumberId} />
                  <label for="neu-bekannt">Bekannte Person</label>
                  <select id="neu-bekannt" name="bekannt">
                    {others.map((citizen) => (
                      <option value={citizen.id}>{`${citizen.name}, ${phoneOf(citizen)}`}</option>
                    ))}
                  </select>
                  <button type="submit">Dazuholen</button>
                </form>
              )}
            </div>
          </details>
          <p id="hinweis" role="status" />
        </header>
        <main>
          {stage.length > 1 && (
            <nav class="people" aria-label="Telefone">
              {stage.map((citizen) => (
                <a href={`#telefon-${citizen.id}`}>{citizen.name}</a>
              ))}
            </nav>
          )}
          <div class="phones">
            {stage.map((citizen) => (
              <Phone citizen={citizen} account={account} />
            ))}
          </div>
          {stage.length === 0 && <p class="empty">Noch kein Telefon. Fügen Sie oben eine Person hinzu.</p>}
        </main>
      </body>
    </html>
  )
}

function Phone({ citizen, account }: { citizen: Citizen; account: Account }) {
  const { id, name } = citizen
  const bubbles = (citizen.talks.get(account.phoneNumberId)?.bubbles ?? []).map(viewOf)
  const number = <input type="hidden" name="kanal" value={account.phoneNumberId} />
  return (
    <section class="phone" id={`telefon-${id}`} aria-labelledby={`name-${id}`}>
      <div class="owner">
        <h2 id={`name-${id}`}>{name}</h2>
        <span class="number">{citizen.hidesPhone ? `@${citizen.username ?? citizen.userId}` : phoneOf(citizen)}</span>
        <Settings citizen={citizen} account={account} />
      </div>
      <div class="screen">
        <div class="chathead">
          <span class="avatar" aria-hidden="true">
            {account.name.replace(/^(Stadt|WhatsUp) /, '').slice(0, 1)}
          </span>
          <span class="who">
            <strong>{account.name}</strong>
            <small data-typing={id}>{account.displayPhoneNumber}</small>
          </span>
        </div>
        <div class="log" role="log" aria-label={`Chat von ${name} mit ${account.name}`} tabindex={0}>
          <ol data-log={`${id} ${account.phoneNumberId}`}>
            {bubbles.map((bubble) => (
              <BubbleItem bubble={bubble} post={`/telefone/${id}/tippen`} number={account.phoneNumberId} />
            ))}
          </ol>
        </div>
        <form class="write" method="post" action={`/telefone/${id}/schreiben`} data-live>
          {number}
          <label class="hidden" for={`text-${id}`}>{`Nachricht von ${name}`}</label>
          <textarea
            id={`text-${id}`}
            name="text"
            rows={1}
            maxlength={4096}
            placeholder="Nachricht, z. B. START"
            autocomplete="off"
          />
          <button type="submit" class="send" aria-label="Senden">
            <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
              <path d="M3 20.5v-7l9-1.5-9-1.5v-7L22 12z" />
            </svg>
          </button>
        </form>
        <form class="attach" method="post" action={`/telefone/${id}/senden`} data-live aria-label={`${name} sendet`}>
          {number}
          <button type="submit" name="art" value="image">
            Foto
          </button>
          <button type="submit" name="art" value="audio">
            Sprache
          </button>
          <button type="submit" name="art" value="location">
            Standort
          </button>
          <button type="submit" name="art" value="video">
            Video
          </button>
          <button type="submit" name="art" value="document">
            Datei
          </button>
        </form>
      </div>
    </section>
  )
}

function Settings({ citizen, account }: { citizen: Citizen; account: Account }) {
  const { id, name } = citizen
  const stopped = citizen.talks.get(account.phoneNumberId)?.marketingStopped ?? false
  const number = <input type="hidden" name="kanal" value={account.phoneNumberId} />
  return (
    <details class="settings">
      <summary aria-label={`Einstellungen von ${name}`}>
        <span aria-hidden="true">⋮</span>
      </summary>
      <div class="panel">
        <form method="post" action={`/telefone/${id}/einstellungen`}>
          {number}
          <label class="check">
            <input type="checkbox" name="lesen" value="ja" checked={citizen.readReceipts} /> Lesebestätigungen
          </label>
          <label class="check">
            <input type="checkbox" name="verborgen" value="ja" checked={citizen.hidesPhone} /> Nummer verbergen
            (Benutzername)
          </label>
          <button type="submit">Übernehmen</button>
        </form>
        <form method="post" action={`/telefone/${id}/angebote`}>
          {number}
          <button type="submit" name="wert" value={stopped ? 'resume' : 'stop'}>
            {stopped ? 'Angebote wieder erlauben' : 'Angebote stoppen (in WhatsApp)'}
          </button>
        </form>
        <form method="post" action={`/telefone/${id}/nummer`}>
          {number}
          <label for={`nummer-${id}`}>Neue Nummer</label>
          <input id={`nummer-${id}`} name="neu" type="tel" autocomplete="off" required placeholder="+49 151 …" />
          <button type="submit">Nummer wechseln</button>
        </form>
        <form method="post" action={`/telefone/${id}/entfernen`}>
          {number}
          <button type="submit">Telefon weglegen</button>
        </form>
      </div>
    </details>
  )
}
