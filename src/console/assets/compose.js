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

// A picture is shown from here: only its type and size go to the preview.
const file = form.querySelector('[data-picture]')
let picture = null
file?.addEventListener('change', () => {
  const [chosen] = file.files
  picture = null
  if (!chosen) return
  const reader = new FileReader()
  reader.addEventListener('load', () => {
    picture = reader.result
    showPicture()
  })
  if (/^image\/(jpeg|png)$/.test(chosen.type)) reader.readAsDataURL(chosen)
})
function showPicture() {
  const place = preview.querySelector('[data-format="IMAGE"]')
  if (!picture || !place) return
  const shown = new Image()
  shown.src = picture
  shown.alt = 'Bild über dem Text'
  shown.className = 'bubble-picture'
  place.replaceWith(shown)
}

let timer
let asked = 0
async function refresh() {
  const mine = ++asked
  const data = new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === 'string'))
  const chosen = file?.files[0]
  if (chosen) {
    data.set('bildart', chosen.type)
    data.set('bildgroesse', chosen.size)
  }
  const query = new URL(form.action).search
  try {
    const answer = await fetch(form.dataset.preview + query, {
      method: 'POST',
      body: data,
      headers: { accept: 'text/html' },
    })
    const html = await answer.text()
    if (!answer.ok || mine !== asked) return
    preview.innerHTML = html
    showPicture()
  } catch {
    // Without a connection the last preview stays; saving says what is wrong.
  }
}

// What is mended is no error any more, nor is what no longer matters. Sending checks everything anew.
const summary = document.querySelector('.kern-alert[data-focus]')
function mend(place) {
  for (const part of [place, ...place.querySelectorAll('[class*="--error"]')])
    part.classList.remove(...[...part.classList].filter((name) => name.endsWith('--error')))
  for (const field of place.querySelectorAll('[aria-invalid]')) field.removeAttribute('aria-invalid')
  for (const error of place.querySelectorAll('.kern-error')) {
    for (const told of form.querySelectorAll(`[aria-describedby~="${error.id}"]`)) {
      const rest = told
        .getAttribute('aria-describedby')
        .split(' ')
        .filter((id) => id !== error.id)
      if (rest.length > 0) told.setAttribute('aria-describedby', rest.join(' '))
      else told.removeAttribute('aria-describedby')
    }
    error.remove()
  }
  for (const link of summary.querySelectorAll('li a'))
    if (place.contains(document.getElementById(link.hash.slice(1)))) link.closest('li').remove()
}
function mendAt(field) {
  if (!summary?.isConnected) return
  const place = field.closest('.field')
  if (place) mend(place)
  for (const part of parts) if (part.hidden) mend(part)
  const left = summary.querySelectorAll('li').length
  // Nobody wants to hear the whole list again with every field.
  summary.removeAttribute('role')
  if (left === 0) summary.remove()
  else
    summary.querySelector('.kern-title').textContent =
      left === 1 ? 'Eine Angabe stimmt noch nicht' : `${left} Angaben stimmen noch nicht`
}

form.addEventListener('input', (event) => {
  arrange()
  mendAt(event.target)
  clearTimeout(timer)
  timer = setTimeout(refresh, 250)
})
arrange()
