// Makes the phones live: bubbles arrive by server-sent events, forms are posted without leaving the page. Without it the page works by reload.
const root = document.documentElement
root.classList.add('js')

const logOf = (citizenId, number) => document.querySelector(`[data-log="${CSS.escape(`${citizenId} ${number}`)}"]`)
const fragment = (html) => document.createRange().createContextualFragment(html)
const hint = document.getElementById('hinweis')
const quiet = new Map()

function show({ citizenId, phoneNumberId, bubble, html, typing }) {
  const list = logOf(citizenId, phoneNumberId)
  if (!list) {
    if (bubble?.from === 'town' && bubble.state === 'accepted') {
      const town = document.querySelector(`#kanal option[value="${CSS.escape(phoneNumberId)}"]`)?.textContent
      if (town && document.body.dataset.kanal !== phoneNumberId) hint.textContent = `Neue Nachricht von ${town.trim()}.`
    }
    return
  }
  if (html) {
    const old = [...list.children].find((row) => row.dataset.bubble === bubble.id)
    const fresh = fragment(html)
    if (old) {
      const open = old.querySelector('details')?.open
      old.replaceWith(fresh)
      const renewed = [...list.children].find((row) => row.dataset.bubble === bubble.id)
      if (open) renewed?.querySelector('details')?.setAttribute('open', '')
    } else {
      fresh.firstElementChild?.classList.add('fresh')
      list.append(fresh)
      list.parentElement.scrollTop = 0 // the log is drawn from the bottom: 0 is the newest
    }
  }
  type(citizenId, typing)
}

function type(citizenId, typing) {
  const line = document.querySelector(`[data-typing="${CSS.escape(citizenId)}"]`)
  if (!line) return
  line.dataset.rest ??= line.textContent
  clearTimeout(quiet.get(citizenId))
  line.textContent = typing ? 'schreibt …' : line.dataset.rest
  if (typing)
    quiet.set(
      citizenId,
      setTimeout(() => type(citizenId, false), 25_000),
    )
}

/** Draws all conversations anew, after the line was cut or the town changed. */
async function redraw() {
  const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), 'text/html')
  const [now, then] = [document, page].map((each) => [...each.querySelectorAll('[data-log]')])
  if (now.map((list) => list.dataset.log).join() !== then.map((list) => list.dataset.log).join())
    return location.reload()
  for (const [index, list] of now.entries()) list.replaceChildren(...then[index].children)
}

const events = new EventSource('/control/events')
let cut = false
events.addEventListener('bubble', (event) => show(JSON.parse(event.data)))
events.addEventListener('error', () => {
  cut = true
  hint.textContent = 'Keine Verbindung zum Emulator. Es wird weiter versucht.'
})
events.addEventListener('open', () => {
  if (cut)
    redraw().then(
      () => {
        hint.textContent = ''
      },
      () => {},
    )
  cut = false
})

document.addEventListener('submit', async (event) => {
  const form = event.target
  if (!form.matches('[data-live]')) return
  event.preventDefault()
  const body = new URLSearchParams(new FormData(form, event.submitter))
  const field = form.querySelector('textarea')
  if (field && !field.value.trim()) return field.focus()
  if (field) field.value = ''
  for (const details of form.querySelectorAll('details[open]')) details.open = false
  try {
    await fetch(form.action, { method: 'POST', body, headers: { accept: 'application/json' } })
  } catch {
    if (field) field.value = body.get('text') ?? ''
    hint.textContent = 'Der Emulator antwortet nicht.'
  }
})

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') for (const open of document.querySelectorAll('details[open]')) open.open = false
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || !event.target.matches('.write textarea')) return
  event.preventDefault()
  event.target.form.requestSubmit()
})

document.addEventListener('click', (event) => {
  for (const open of document.querySelectorAll('.add[open], .settings[open]'))
    if (!open.contains(event.target)) open.open = false
})

document.querySelector('[data-auto]')?.addEventListener('change', (event) => event.target.form.requestSubmit())
