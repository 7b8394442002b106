import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { type BubbleView, viewOf } from './bubble-view.ts'
import {
  accountOf,
  changesNumber,
  citizenFrom,
  type Delivered,
  type From,
  type Inbound,
  setsPreference,
  taps,
  writes,
} from './citizens.ts'
import { errorBody, problem } from './codes.ts'
import { controlRoutes } from './control.tsx'
import type { Fault, FaultOptions } from './faults.ts'
import { graphRoutes } from './graph.ts'
import type { Json } from './json.ts'
import { type Answer, takeMessage } from './messages.ts'
import type { Send, SendStats } from './sends.ts'
import { saveState } from './snapshot.ts'
import type { Account, Citizen, State } from './state.ts'
import { changeTemplate, type TemplateChange, templatesOf } from './template-desk.ts'
import { createWorld, type EmulatorOptions, type World } from './world.ts'

/** A running emulator: Meta's API at `url`, the phones page at `url`/, and everything a test may do as plain functions. */
export type Emulator = {
  url: string
  port: number
  state: State
  /** A citizen writes; resolves with the service's answer to the webhook. */
  citizenWrites: (inbound: Inbound) => Promise<Delivered>
  /** A citizen taps a button, list row or quick reply by id, label or key. */
  citizenTaps: (tap: {
    phoneNumberId?: string
    from: From | string
    action: string
    messageId?: string
  }) => Promise<Delivered>
  citizenChangesNumber: (change: Parameters<typeof changesNumber>[1]) => Promise<number[]>
  citizenSetsPreference: (choice: Parameters<typeof setsPreference>[1]) => Promise<number>
  /** The citizen with this phone or user id, new or known; brought onto the page with `onStage`. */
  citizen: (from: From | string, onStage?: boolean) => Citizen
  /** What a citizen sees in the conversation with a number (default: the first), oldest first. */
  messagesOf: (from: From | string, phoneNumberId?: string) => BubbleView[]
  /** Every POST to /messages but read receipts, refused ones included, from index `since`. */
  sends: (since?: number, limit?: number) => Send[]
  stats: (since?: number) => SendStats
  forgetSends: () => void
  addFault: (fault: FaultOptions) => Fault
  faults: () => Fault[]
  clearFaults: (id?: number) => void
  /** Meta decides about a template: by name (and language) of a business account. @throws RangeError if there is none */
  changeTemplate: (
    name: string,
    change: TemplateChange,
    businessAccountId?: string,
    language?: string,
  ) => Promise<number[]>
  /** Changes what Meta says about a number, e.g. its token, health, quality or speed. @throws RangeError if it is unknown */
  changeAccount: (phoneNumberId: string, change: AccountChange) => void
  /** Lets messages held for quality assessment go, or drops them; answers how many. */
  releaseHeld: (outcome: 'release' | 'drop') => number
  /** Posts any envelope, signed; for fixtures. Not 200 is repeated. */
  postWebhook: (body: Json) => Promise<number>
  /** Posts bytes as they are, once, signed with `secret` (null: unsigned; default: the right one). */
  postBytes: (body: string, secret?: string | null) => Promise<number>
  /** Meta's GET verification of the webhook; true if the challenge came back with 200. */
  verifyWebhook: () => Promise<boolean>
  setWebhookUrl: (url: string) => void
  /** Resolves when no status is scheduled and no webhook is on its way or waiting for a repetition. */
  idle: () => Promise<void>
  stop: () => Promise<void>
}

/** What may change about a number while it runs. */
export type AccountChange = Partial<
  Pick<
    Account,
    'accessToken' | 'status' | 'qualityRating' | 'health' | 'messagesPerSecond' | 'dailyTier' | 'freeServiceLeft'
  >
>

const SEND = /^\/v\d+\.\d+\/([^/?]+)\/messages(?:\?|$)/
const MAX_BYTES = 1_048_576
const SAVE_MS = 5000

/** Plays Meta until stop(). Listens on 127.0.0.1 and any free port unless told otherwise. @throws if the port is taken */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const world = createWorld(options)
  const app = new Hono()
  const others = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  // sends are answered here, outside Hono: they are all that is hot
  const server = createServer((request, response) => {
    const at = performance.timeOrigin + performance.now()
    const send = request.method === 'POST' ? SEND.exec(request.url ?? '') : null
    if (!send) others(request, response)
    else
      readBody(request, (raw) => answer(response, takeMessage(world, send[1]!, request.headers.authorization, raw, at)))
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  world.url = `http://${options.host && options.host !== '0.0.0.0' ? options.host : '127.0.0.1'}:${port}`
  const save = (): void => {
    if (options.stateFile) saveState(world.state, options.stateFile)
  }
  const saving = options.stateFile ? setInterval(save, SAVE_MS).unref() : undefined
  const emulator = verbs(world, port, async () => {
    clearInterval(saving)
    save()
    world.journeys.stop()
    await world.webhooks.stop()
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  })
  app.route('/', graphRoutes(world))
  app.route('/', controlRoutes(world, emulator))
  app.notFound((c) =>
    c.body(errorBody(problem(100, 'Unknown path components.')), 404, { 'content-type': 'application/json' }),
  )
  return emulator
}

/** For the command line: starts with the given options and stops on `signal`. Resolves when it has stopped; `ready` gets the emulator. */
export async function runEmulator(
  options: EmulatorOptions,
  signal: AbortSignal,
  ready: (emulator: Emulator) => void,
): Promise<void> {
  const emulator = await startEmulator(options)
  ready(emulator)
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  await emulator.stop()
}

function verbs(world: World, port: number, stop: () => Promise<void>): Emulator {
  const { state, webhooks, faults, log, journeys, options } = world
  return {
    url: world.url,
    port,
    state,
    citizenWrites: (inbound) => writes(world, inbound),
    citizenTaps: (tap) => taps(world, tap),
    citizenChangesNumber: (change) => changesNumber(world, change),
    citizenSetsPreference: (choice) => setsPreference(world, choice),
    citizen: (from, onStage = false) => {
      const citizen = citizenFrom(world, from)
      if (onStage) citizen.onStage = true
      return citizen
    },
    messagesOf: (from, phoneNumberId = state.accounts[0]?.phoneNumberId ?? '') =>
      (citizenFrom(world, from).talks.get(phoneNumberId)?.bubbles ?? []).map(viewOf),
    sends: (since, limit) => log.list(since, limit),
    stats: (since) => log.stats(since),
    forgetSends: () => log.clear(),
    addFault: (fault) => faults.add(fault),
    faults: () => faults.list(),
    clearFaults: (id) => faults.clear(id),
    changeTemplate: async (name, change, businessAccountId = state.accounts[0]?.businessAccountId ?? '', language) => {
      const found = templatesOf(world, businessAccountId).find(
        (t) => (t.name === name || t.id === name) && (!language || t.language === language),
      )
      if (!found) throw new RangeError(`no template ${name}`)
      return changeTemplate(world, found, change)
    },
    changeAccount: (phoneNumberId, change) => {
      Object.assign(accountOf(world, phoneNumberId), change)
    },
    releaseHeld: (outcome) => journeys.releaseHeld(outcome),
    postWebhook: (body) => webhooks.post(body),
    postBytes: (body, secret) => webhooks.postBytes(body, secret, false),
    verifyWebhook: () => webhooks.verify(options.verifyToken ?? 'verify'),
    setWebhookUrl: (url) => webhooks.setUrl(url),
    idle: () => webhooks.idle(),
    stop,
  }
}

function readBody(request: IncomingMessage, then: (raw: Buffer) => void): void {
  const chunks: Buffer[] = []
  let size = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= MAX_BYTES) chunks.push(chunk)
  })
  request.on('end', () => then(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
}

function answer(
  response: ServerResponse,
  { status, body, type = 'application/json; charset=UTF-8', delayMs, gone }: Answer,
): void {
  if (gone === 'timeout') return
  if (gone === 'reset') {
    response.socket?.destroy()
    return
  }
  if (delayMs) {
    setTimeout(() => answer(response, { status, body, type }), delayMs)
    return
  }
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'facebook-api-version': 'v26.0',
  })
  response.end(body)
}
