/**
 * Starts the demo as a newcomer would and walks it by HTTP: a citizen subscribes, a broadcast is written, approved by somebody else and delivered, a chat
 * is forwarded, answered and erased. Exits with 1 at the first thing that is not as promised.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const dataDir = mkdtempSync(join(tmpdir(), 'whatsup-smoke-'))
chmodSync(dataDir, 0o711)
const startedAt = performance.now()
const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1)
const demo = spawn('node', ['dist/cli.js', 'demo', '--fresh'], {
  env: { ...process.env, DATA_DIR: dataDir, PORT: '3400', LOG_LEVEL: 'warn' },
  stdio: ['ignore', 'pipe', 'inherit'],
})
let printed = ''
demo.stdout.on('data', (chunk) => {
  printed += String(chunk)
})
const ended = new Promise<number | null>((resolve) => demo.once('exit', resolve))

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
async function until<T>(what: string, check: () => T | Promise<T>, withinMs = 30_000): Promise<NonNullable<T>> {
  for (const end = Date.now() + withinMs; ; await wait(100)) {
    const found = await check()
    if (found) return found
    assert(demo.exitCode === null, `the demo ended while waiting for: ${what}`)
    assert(Date.now() < end, `not within ${withinMs} ms: ${what}`)
  }
}
type Json = Record<string, any>
async function ask(
  method: string,
  url: string,
  body?: Json,
  key?: string,
): Promise<{ status: number; json: Json; text: string }> {
  const headers = {
    ...(body ? { 'content-type': 'application/json' } : {}),
    ...(key ? { authorization: `Bearer ${key}` } : {}),
  }
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) })
  const text = await answer.text()
  return { status: answer.status, text, json: text.startsWith('{') ? JSON.parse(text) : {} }
}
const step = (what: string) => console.log(`${seconds()} s  ${what}`)

let failed = false
try {
  await until('the demo is up', () => printed.includes('Strg-C'), 60_000)
  assert.doesNotMatch(printed, /^\{/m, 'a line of the log stands between what people read')
  step('the demo is up')
  const address = (name: string) => new RegExp(`${name}.*?(http://\\S+)`).exec(printed)![1]!.replace(/\/$/, '')
  const [phones, inbox, office] = [address('Telefone'), address('Posteingang'), address('Seiten für Bürger')]
  const [, editor, approver] = /Redaktion (wu_\S+)\s+Freigabe\s+(wu_\S+)/.exec(printed)!
  const numbers = Object.fromEntries(
    (await ask('GET', `${office}/api/v1/channels`, undefined, editor)).json.items.map((c: Json) => [
      c.slug ?? c.channel ?? c.id,
      c,
    ]),
  )
  assert.equal(Object.keys(numbers).length, 3, 'three towns')
  const towns: Record<string, string> = {
    arnsberg: '200000000000000',
    warstein: '200000000000001',
    heringen: '200000000000002',
  }
  const writes = (town: string, phone: string, message: string) =>
    ask('POST', `${phones}/control/inbound`, { phoneNumberId: towns[town], from: { phone }, message })
  const heard = async (town: string, phone: string): Promise<Json[]> =>
    (
      (
        await ask(
          'GET',
          `${phones}/control/citizens/${encodeURIComponent(phone)}/messages?phoneNumberId=${towns[town]}`,
        )
      ).json.messages ?? []
    ).filter((bubble: Json) => bubble.from === 'town')

  const anna = '+4915112340001'
  assert.equal((await writes('arnsberg', anna, 'START')).json.status, 200)
  await until('Anna is welcomed', async () =>
    (await heard('arnsberg', anna)).some(({ text }) => /angemeldet/.test(text)),
  )
  step('START is answered')

  const broadcasts = `${office}/api/v1/channels/arnsberg/broadcasts`
  const draft = await ask(
    'POST',
    broadcasts,
    {
      title: 'Sperrung Ruhrstraße',
      template: { name: 'stadt_meldung', language: 'de' },
      parameters: {
        header: ['Verkehr'],
        body: ['Sperrung', 'Ruhrstraße ab Montag'],
        buttons: { '0': 'sperrung-ruhrstrasse' },
      },
      audience: { offering: 'info' },
    },
    editor,
  )
  assert.equal(draft.status, 201, draft.text)
  const one = `${broadcasts}/${draft.json.id}`
  assert.equal((await ask('POST', `${one}/submit`, {}, editor)).status, 200)
  assert.equal((await ask('POST', `${one}/approve`, {}, editor)).status, 403, 'nobody approves their own work')
  assert.equal((await ask('POST', `${one}/approve`, {}, approver)).status, 200)
  const done = await until('the broadcast is delivered', async () => {
    const { json } = await ask('GET', one, undefined, editor)
    return json.status === 'done' && json.counts.delivered + json.counts.read === json.counts.recipients ? json : null
  })
  assert(done.counts.recipients >= 200, 'at least 200 recipients')
  step(`a broadcast of ${done.counts.recipients} is delivered`)

  const bernd = '+4915112340002'
  assert.equal((await writes('warstein', bernd, 'Die Laterne vor unserem Haus ist kaputt')).json.status, 200)
  const chat = await until('the chat is in the inbox', async () => {
    const page = (await ask('GET', inbox)).text
    return page.includes('Laterne') ? /\/chats\/([0-9a-f-]{36})/.exec(page)?.[1] : null
  })
  step('the chat is forwarded')
  await fetch(`${inbox}/chats/${chat}/antwort`, {
    method: 'POST',
    body: new URLSearchParams({ text: 'Danke, wir kümmern uns.' }),
    headers: { origin: inbox },
  })
  await until('Bernd has the answer', async () =>
    (await heard('warstein', bernd)).some(({ text }) => text === 'Danke, wir kümmern uns.'),
  )
  step('the chat is answered')
  for (const leaver of ['STOP', 'Stop!']) assert.equal((await writes('arnsberg', anna, leaver)).json.status, 200)
  await until('Anna has left', async () => (await heard('arnsberg', anna)).some(({ text }) => /abgemeldet/.test(text)))
  step('STOP is answered')
} catch (error) {
  failed = true
  console.error(error)
} finally {
  demo.kill('SIGINT')
  const late = setTimeout(() => demo.kill('SIGKILL'), 10_000)
  const code = await ended
  clearTimeout(late)
  if (code !== 0) {
    failed = true
    console.error(`the demo ended with ${code}`)
  }
  rmSync(dataDir, { recursive: true, force: true })
  step(failed ? 'failed' : 'the demo stopped cleanly: all as promised')
  process.exitCode = failed ? 1 : 0
}
