import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { signInUrl } from '../access/staff.ts'
import { linkAuth } from '../access/staff-auth.ts'
import { COMMAND } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { loadOrMakeDataKeys } from '../db/data-keys.ts'
import { removeEmbedded } from '../db/embedded.ts'
import { type Emulator, startEmulator } from '../emulator/emulator.ts'
import { openLog } from '../log.ts'
import { inDeed } from '../runtime.ts'
import { type Io, parse, type Run } from './command.ts'
import { keyFor, sampleSubscribers, submitTemplates } from './demo-data.ts'
import { type DemoInbox, startDemoInbox } from './demo-inbox.ts'
import { channelsFrom, openRuntime, settingsFrom } from './open.ts'
import { ended } from './serve.ts'
import { startService } from './service.ts'

const TOWNS = ['ARNSBERG', 'WARSTEIN', 'HERINGEN']

/** What a demo invents once and keeps, so that a second start finds its data again. */
type Kept = { appSecret: string; verifyToken: string; inboxSecret: string; tokens: string[] }

/** `demo [--fresh]`: everything on this machine, with sample data: service, database, WhatsApp emulator and inbox. */
export const run: Run = async (args, io) => {
  const { options } = parse(args, { fresh: { type: 'boolean', default: false } })
  const dataDir = resolve(io.env.DATA_DIR?.trim() || 'data', 'demo')
  if (options.fresh) {
    await removeEmbedded(dataDir)
    rmSync(dataDir, { recursive: true, force: true })
  }
  mkdirSync(dataDir, { recursive: true })
  const kept = keptIn(dataDir)
  const [port, emulatorPort, inboxPort] = await freePorts(Number(io.env.PORT ?? 3000), 3)
  const env = demoEnvironment(io.env, kept, {
    dataDir,
    port: port!,
    emulatorPort: emulatorPort!,
    inboxPort: inboxPort!,
  })

  if (!existsSync(join(dataDir, 'postgres-password'))) {
    const { path } = loadOrMakeDataKeys(dataDir)
    io.err(`Schlüssel für die Daten der Demo angelegt: ${path}`)
  }
  io.err('Die Datenbank startet …')
  const settings = settingsFrom(env)
  const channels = withoutQuietHours(channelsFrom(settings.channelsDir, env))
  const runtime = await openRuntime(settings, channels, openLog(settings.logLevel))
  const running: { stop(): Promise<void> }[] = [{ stop: () => runtime.close() }]
  try {
    io.err('Die Nachbildung von WhatsApp startet …')
    const emulator = await playMeta(emulatorPort!, kept, runtime, join(dataDir, 'phones.json'))
    running.unshift(emulator)
    await submitTemplates(runtime)
    const inbox = await playInbox(inboxPort!, kept, runtime, {
      apiKey: await keyFor(runtime, dataDir, 'inbox'),
      stateFile: join(dataDir, 'inbox.json'),
      warn: io.err,
    })
    running.unshift(inbox)
    io.err('WhatsUp startet …')
    const service = await startService(runtime)
    running.unshift(service)
    const made = await sampleSubscribers(runtime)
    if (made > 0) io.err(`${made} Beispiel-Abonnenten angelegt.`)
    emulator.setWebhookUrl(`${settings.publicUrl}/webhooks/whatsapp`)
    await explain(io, runtime, dataDir, { office: settings.publicUrl, phones: emulator.url, inbox: inbox.url })
    await ended(io.signal)
    io.err('Die Demo wird beendet …')
  } finally {
    for (const part of running)
      await part.stop().catch((error) => runtime.log.error({ err: error }, 'not stopped cleanly'))
  }
  return 0
}

function keptIn(dataDir: string): Kept {
  const file = join(dataDir, 'demo.json')
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Kept
  const secret = () => randomBytes(24).toString('base64url')
  const kept: Kept = {
    appSecret: secret(),
    verifyToken: secret(),
    inboxSecret: `whsec_${randomBytes(24).toString('base64')}`,
    tokens: TOWNS.map(secret),
  }
  writeFileSync(file, JSON.stringify(kept, null, 2), { mode: 0o600 })
  return kept
}

function demoEnvironment(
  env: Io['env'],
  kept: Kept,
  at: { dataDir: string; port: number; emulatorPort: number; inboxPort: number },
): Record<string, string> {
  const towns = TOWNS.flatMap((town, i) => [
    [`${town}_PHONE_NUMBER_ID`, `20000000000000${i}`],
    [`${town}_WABA_ID`, `10000000000000${i}`],
    [`${town}_ACCESS_TOKEN`, kept.tokens[i]!],
    [`${town}_INBOX_URL`, `http://127.0.0.1:${at.inboxPort}/inbox/${town.toLowerCase()}`],
    [`${town}_INBOX_SECRET`, kept.inboxSecret],
  ])
  return {
    CHANNELS_DIR: env.CHANNELS_DIR ?? 'channels',
    TEMPLATES_DIR: env.TEMPLATES_DIR ?? 'templates',
    LOG_LEVEL: env.LOG_LEVEL ?? 'warn',
    DATA_DIR: at.dataDir,
    HOST: '127.0.0.1',
    PORT: String(at.port),
    PUBLIC_URL: `http://127.0.0.1:${at.port}`,
    WHATSAPP_API_URL: `http://127.0.0.1:${at.emulatorPort}`,
    WHATSAPP_APP_SECRET: kept.appSecret,
    WHATSAPP_VERIFY_TOKEN: kept.verifyToken,
    ...(env.DATABASE_URL ? { DATABASE_URL: env.DATABASE_URL } : {}),
    ...Object.fromEntries(towns),
  }
}

/** Whoever tries the demo in the evening wants to see a broadcast arrive. */
function withoutQuietHours(channels: ReadonlyMap<string, Channel>): ReadonlyMap<string, Channel> {
  const awake = (channel: Channel): Channel => {
    const { info } = channel.offerings
    return info ? { ...channel, offerings: { ...channel.offerings, info: { ...info, quietHours: null } } } : channel
  }
  return new Map([...channels].map(([slug, channel]) => [slug, awake(channel)]))
}

type DemoRuntime = Awaited<ReturnType<typeof openRuntime>>

function playMeta(port: number, kept: Kept, { channels }: DemoRuntime, stateFile: string): Promise<Emulator> {
  return startEmulator({
    port,
    stateFile,
    appSecret: kept.appSecret,
    verifyToken: kept.verifyToken,
    statusDelaysMs: { sent: 200, delivered: 600, read: 2500 },
    accounts: [...channels.values()].map(({ name, whatsapp }) => ({
      name,
      businessAccountId: whatsapp.businessAccountId,
      phoneNumberId: whatsapp.phoneNumberId,
      displayPhoneNumber: whatsapp.phoneNumber,
      accessToken: whatsapp.accessToken.reveal(),
      messagesPerSecond: whatsapp.messagesPerSecond,
    })),
  })
}

function playInbox(
  port: number,
  kept: Kept,
  { channels, settings }: DemoRuntime,
  { apiKey, ...keeping }: { apiKey: string; stateFile: string; warn: (line: string) => void },
): Promise<DemoInbox> {
  const towns = new Map([...channels].map(([slug, { name }]) => [slug, { name, secret: kept.inboxSecret }]))
  return startDemoInbox({ port, towns, apiBaseUrl: () => settings.publicUrl, apiKey: () => apiKey, ...keeping })
}

async function explain(
  io: Io,
  runtime: DemoRuntime,
  dataDir: string,
  at: { office: string; phones: string; inbox: string },
): Promise<void> {
  const link = (email: string, role: 'editor' | 'approver' | 'admin') =>
    inDeed(runtime, async (deed) => {
      const { token } = await linkAuth.invite(deed, COMMAND, { email, role, channel: null })
      return signInUrl(runtime.settings.publicUrl, token)
    })
  const editor = await keyFor(runtime, dataDir, 'editor')
  const approver = await keyFor(runtime, dataDir, 'approver')
  io.out(`
WhatsUp läuft.

  Telefone (Bürger spielen)      ${at.phones}
  Posteingang des Rathauses      ${at.inbox}
  Redaktion, Anmeldung einmalig  ${await link('redaktion@demo.example', 'editor')}
  Freigabe, Anmeldung einmalig   ${await link('freigabe@demo.example', 'approver')}
  Verwaltung, Anmeldung einmalig ${await link('verwaltung@demo.example', 'admin')}
  Seiten für Bürger              ${at.office}/
  Schnittstelle                  ${at.office}/api/docs

Zuerst ausprobieren:
  1. In den Telefonen als Anna START an Arnsberg schreiben.
  2. Mit dem Link der Redaktion eine Meldung schreiben und einreichen,
     mit dem Link der Freigabe in einem anderen Browser freigeben.
  3. Als Bernd an Warstein schreiben und im Posteingang antworten.

Schlüssel für die Schnittstelle: Redaktion ${editor}
                                 Freigabe  ${approver}
Weitere Schlüssel: DATA_DIR='${dataDir}' npx --no whatsup keys create --name … --role …
Beenden mit Strg-C. Die Daten bleiben in ${dataDir}; mit --fresh beginnt alles neu.
`)
}

/** Neighbouring ports from `first` on that nobody uses. */
async function freePorts(first: number, count: number): Promise<number[]> {
  const found: number[] = []
  for (let port = first; found.length < count && port < first + 200; port++) if (await isFree(port)) found.push(port)
  return found
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((free) => {
    const probe = createServer()
    probe.once('error', () => free(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => free(true)))
  })
