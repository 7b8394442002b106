// Shows only the fields that matter for what is chosen, and the preview while typing.
const form = document.getElementById('meldung')
const preview = document.getElementById('vorschau')

const parts = [...form.querySelectorAll('[data-shown-if]')]
function arrange() {
  const chosen = new FormData(form)
  for (const part of parts) {
    const [name, values] = part.dataset.shownIf.split('=')
    part.hidden = !values.split('|').includes(chosen.get(name))
  }
}

let timer
let asked = 0
async function refresh() {
  const mine = ++asked
  const data = new URLSearchParams(new FormData(form))
  const query = new URL(form.action).search
  try {
    const answer = await fetch(form.dataset.preview + query, {
      method: 'POST',
      body: data,
      headers: { accept: 'text/html' },
    })
    if (answer.ok && mine === asked) preview.innerHTML = await answer.text()
  } catch {
    // Without a connection the last preview stays; saving says what is wrong.
  }
}

form.addEventListener('input', () => {
  arrange()
  clearTimeout(timer)
  timer = setTimeout(refresh, 250)
})
arrange()
