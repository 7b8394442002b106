/**
 * WhatsApp and its citizens in a process of their own: takes messages, and for each of a broadcast posts its three statuses and one reaction back, one
 * webhook each, after 80 ± 40 ms.
 */
import type { AddressInfo } from 'node:net'
import { serveRaw } from '../support/raw-http.ts'
import { bodyOf, Poster } from './webhook-load.ts'

export type Answered = { messages: number; posted: number; failed: number; open: number; latencies: number[] }

let poster: Poster | null = null
const state: Answered = { messages: 0, posted: 0, failed: 0, open: 0, latencies: [] }

async function post(body: string): Promise<void> {
  const at = performance.now()
  state.open += 1
  const status = await poster!.post(body).catch(() => 0)
  state.open -= 1
  state.posted += 1
  if (status !== 200) state.failed += 1
  state.latencies.push(performance.now() - at)
}

function answer(json: string, n: number): void {
  const id = /"biz_opaque_callback_data":"([^"]+)"/.exec(json)?.[1]
  const to = /"to":"\+(\d+)"/.exec(json)?.[1]
  const seconds = Math.floor(Date.now() / 1000)
  const status = (word: string) =>
    bodyOf('statuses', [
      `{"id":"wamid.S${n}","status":"${word}","timestamp":"${seconds}","recipient_id":"${to}","biz_opaque_callback_data":"${id}","pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"utility"}}`,
    ])
  const reaction = bodyOf('messages', [
    `{"from":"${to}","id":"wamid.I${n}","timestamp":"${seconds}","type":"reaction","reaction":{"message_id":"wamid.S${n}","emoji":"👍"}}`,
  ])
  for (const body of [status('sent'), status('delivered'), status('read'), reaction])
    setTimeout(() => void post(body), 40 + Math.random() * 80)
}

const server = serveRaw((socket, request) => {
  if (!request.slice(0, request.indexOf('\r\n')).includes('/messages ')) {
    socket.write('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n') // number and templates are as the bench left them
    return
  }
  state.messages += 1
  const n = state.messages
  const json = `{"messaging_product":"whatsapp","contacts":[],"messages":[{"id":"wamid.S${n}","message_status":"accepted"}]}`
  socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${json.length}\r\n\r\n${json}`)
  if (request.includes('"type":"template"')) answer(request, n)
})
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }))
process.on('message', (message: { url?: string }) => {
  if (message.url) poster = new Poster(message.url, 1000)
  else {
    process.send!({ state: { ...state, latencies: state.latencies.splice(0) } })
  }
})
process.on('disconnect', () => process.exit(0))
