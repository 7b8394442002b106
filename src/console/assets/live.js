// Keeps the page of a broadcast up to date. Without it, "Stand aktualisieren" does the same.
const part = document.querySelector('[data-live]')
const steps = document.getElementById('schritte')
const badge = document.getElementById('zustand')
const says = document.getElementById('ansage')
const title = document.title
let shownSteps = ''

function show({ status, figures, steps: html, says: words, badge: state, title: percent }) {
  part.innerHTML = figures
  // Buttons change only with what can be done, and never under somebody's finger.
  const stale = status !== badge.dataset.status || (shownSteps !== '' && html !== shownSteps)
  if (!stale) shownSteps = html
  else if (!steps.contains(document.activeElement)) {
    steps.innerHTML = html
    shownSteps = html
    badge.dataset.status = status
  }
  badge.innerHTML = state
  if (says.textContent !== words) says.textContent = words
  document.title = percent ? `${percent} – ${title}` : title
}

if (part) {
  const events = new EventSource(part.dataset.live)
  events.addEventListener('stand', (event) => show(JSON.parse(event.data)))
  // A broadcast that has not begun has no figures yet: it is shown once it has.
} else {
  const events = new EventSource(`${location.pathname}/stand`)
  events.addEventListener('stand', (event) => {
    if (JSON.parse(event.data).status !== badge.dataset.status) location.reload()
  })
}
