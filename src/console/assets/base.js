// Small comforts; every page works without them.
document.documentElement.classList.add('has-script')

for (const control of document.querySelectorAll('select[data-submit]'))
  control.addEventListener('change', () => control.form.requestSubmit())

// Whoever sends a form with errors is brought to the list of what is wrong.
document.querySelector('[data-focus]')?.focus()

// A second press would be a second request.
document.addEventListener('submit', (event) => {
  const form = event.target
  if (form.dataset.sent !== undefined) return event.preventDefault()
  form.dataset.sent = ''
  setTimeout(() => delete form.dataset.sent, 3000)
})
window.addEventListener('pageshow', () => {
  for (const form of document.forms) delete form.dataset.sent
})

for (const field of document.querySelectorAll('[data-max]')) {
  const counter = document.getElementById(`${field.id}-zaehler`)
  if (!counter) continue
  const tell = () => {
    counter.textContent = `${field.value.length} von ${field.dataset.max} Zeichen`
    counter.classList.toggle('over', field.value.length > Number(field.dataset.max))
  }
  field.addEventListener('input', tell)
  tell()
}
