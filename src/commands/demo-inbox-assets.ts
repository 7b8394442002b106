/** Look of the demo inbox: one column on a phone, list and chat side by side on a desk. */
export const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#17202b, #e8ecf1); --quiet: light-dark(#4d5968, #aab4c0); --paper: light-dark(#f3f5f8, #12171d);
  --card: light-dark(#ffffff, #1b222b); --line: light-dark(#d5dbe3, #303a46); --ours: light-dark(#d8ecff, #17395c); --link: light-dark(#0b57a4, #8cc4ff);
  --bad: light-dark(#a3130f, #ff9d97); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.45 system-ui, sans-serif; min-height: 100dvh; display: flex; flex-direction: column; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
header { padding: .75rem 1rem; background: var(--card); border-bottom: 1px solid var(--line); }
header h1 { font-size: 1.2rem; margin: 0; } header h1 a { color: inherit; text-decoration: none; }
header p { margin: 0; color: var(--quiet); font-size: .875rem; }
.desk { flex: 1; display: grid; grid-template-columns: minmax(0, 1fr); align-content: start; min-height: 0; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav a { display: grid; grid-template-columns: 1fr auto; gap: .1rem .75rem; padding: .75rem 1rem; border-bottom: 1px solid var(--line); color: inherit; text-decoration: none; }
nav a:hover { background: var(--card); } nav a[aria-current] { background: var(--card); box-shadow: inset 4px 0 var(--link); }
nav .who { font-weight: 600; } nav .town, nav time { color: var(--quiet); font-size: .8rem; } nav .town, nav time { text-align: right; }
nav .last { color: var(--quiet); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
main { padding: 1rem; display: flex; flex-direction: column; gap: 1rem; min-width: 0; }
.reading nav { display: none; } body:not(.reading) main:has(> .quiet:only-child) { order: -1; }
.quiet { color: var(--quiet); } nav > .quiet { padding: 0 1rem; }
.top { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem; } .top > div { flex: 1; min-width: 8rem; }
.top h2 { margin: 0; font-size: 1.1rem; } .top p { margin: 0; color: var(--quiet); font-size: .875rem; } .back { flex-basis: 100%; }
.messages { list-style: none; margin: 0; padding: 0; display: flex; flex-direction: column; gap: .5rem; }
.messages li { max-width: min(34rem, 88%); padding: .5rem .75rem; border-radius: .75rem; background: var(--card); border: 1px solid var(--line); overflow-wrap: anywhere; }
.messages .ours { align-self: flex-end; background: var(--ours); } .messages .theirs { align-self: flex-start; }
.messages p { margin: 0; } .text { white-space: pre-wrap; } .when { color: var(--quiet); font-size: .8rem; }
.messages img, .messages video { display: block; max-width: 100%; max-height: 20rem; border-radius: .5rem; } .messages audio { max-width: 100%; }
blockquote { max-height: 3em; overflow: hidden; margin: 0 0 .25rem; padding-left: .5rem; border-left: 3px solid var(--line); color: var(--quiet); font-size: .875rem; }
.failed, .alert { color: var(--bad); } .alert { margin: 0; padding: .75rem; border: 2px solid var(--bad); border-radius: .5rem; background: var(--card); }
.note { padding: .75rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--card); }
.answer { display: grid; gap: .5rem; margin-top: auto; } .answer button { justify-self: end; }
label { font-weight: 600; } small { font-weight: 400; color: var(--quiet); }
textarea { width: 100%; font: inherit; padding: .5rem; border: 1px solid var(--quiet); border-radius: .5rem; background: var(--card); color: inherit; resize: vertical; }
button { font: inherit; font-weight: 600; min-height: 2.75rem; padding: .5rem 1.25rem; border: 2px solid var(--link); border-radius: .5rem; background: var(--link); color: var(--card); cursor: pointer; }
button.plain { background: transparent; color: var(--link); }
@media (min-width: 48rem) {
  .desk { grid-template-columns: 20rem minmax(0, 1fr); align-content: stretch; } nav, .reading nav { display: block; border-right: 1px solid var(--line); overflow-y: auto; }
  .back { display: none; } body:not(.reading) main { order: 0 !important; } main { max-width: 56rem; }
}
`

/** Brings in what is new without touching what is being typed. Without it the page works by reloading. */
export const SCRIPT = `
const refresh = async () => {
  const answer = await fetch(location.href, { headers: { accept: 'text/html' } })
  if (!answer.ok) return
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const closed = !next.querySelector('.answer') && document.querySelector('.answer')
  const empty = document.querySelector('main > .quiet')
  if (closed || (empty && !next.querySelector('main > .quiet'))) return location.reload()
  for (const live of document.querySelectorAll('[data-live]')) {
    const fresh = next.querySelector('[data-live="' + live.dataset.live + '"]')
    if (fresh && fresh.innerHTML !== live.innerHTML) live.innerHTML = fresh.innerHTML
  }
  document.querySelector('.messages li:last-child')?.scrollIntoView({ block: 'nearest' })
}
new EventSource('/events').addEventListener('message', (event) => event.data === 'changed' && refresh())
document.querySelector('.messages li:last-child')?.scrollIntoView({ block: 'nearest' })
`
