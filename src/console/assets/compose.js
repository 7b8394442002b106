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

form.addEventListener('input', () => {
  arrange()
  clearTimeout(timer)
  timer = setTimeout(refresh, 250)
})
arrange()
