import { createKey } from '../../src/access/keys.ts'
import { COMMAND, type Role } from '../../src/audit/audit.ts'
import type { Channel } from '../../src/channels/channel.ts'
import { loadChannels } from '../../src/channels/channel-file.ts'
import { type Service, startService } from '../../src/commands/service.ts'
import type { Environment } from '../../src/config.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import type { EmulatorOptions } from '../../src/emulator/world.ts'
import type { Logger } from '../../src/log.ts'
import { readTemplates } from '../../src/whatsapp/template-files.ts'
import { type InboxReceiver, openInboxReceiver } from './inbox-receiver.ts'
import { openTestRuntime, type TestRuntime } from './runtime.ts'
import { townEnvironment } from './towns.ts'

export type Stack = {
  runtime: TestRuntime
  emulator: Emulator
  inbox: InboxReceiver
  service: Service
  channel: (slug: string) => Channel
  /** Asks the service over HTTP; `body` is sent as JSON. */
  ask: (
    method: string,
    path: string,
    key: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<{ status: number; body: any }>
  keyFor: (role: Role, channel?: string) => Promise<string>
  close: () => Promise<void>
}

/** The whole service of the three towns on a database of its own, beside an emulator and an inbox; everything talks HTTP on loopback. */
export async function openStack(
  options: { emulator?: Partial<EmulatorOptions>; perSecond?: number; env?: Environment; log?: Logger } = {},
): Promise<Stack> {
  const inbox = await openInboxReceiver()
  const env: Record<string, string> = { ...townEnvironment }
  for (const town of ['ARNSBERG', 'WARSTEIN', 'HERINGEN']) {
    env[`${town}_INBOX_URL`] = inbox.url
    env[`${town}_INBOX_SECRET`] = inbox.secret
  }
  const loaded = loadChannels('channels', env)
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  const channels = new Map(
    [...loaded.channels].map(([slug, channel]) => {
      const perSecond = options.perSecond ?? channel.whatsapp.messagesPerSecond
      const { info } = channel.offerings
      const offerings = { ...channel.offerings, ...(info ? { info: { ...info, quietHours: null } } : {}) }
      return [slug, { ...channel, offerings, whatsapp: { ...channel.whatsapp, messagesPerSecond: perSecond } }]
    }),
  )
  const emulator = await startEmulator({
    appSecret: 'app-secret',
    verifyToken: 'verify-token',
    webhookUrl: 'http://127.0.0.1:9',
    accounts: [...channels.values()].map(({ name, whatsapp }) => ({
      name,
      businessAccountId: whatsapp.businessAccountId,
      phoneNumberId: whatsapp.phoneNumberId,
      displayPhoneNumber: whatsapp.phoneNumber,
      accessToken: whatsapp.accessToken.reveal(),
      messagesPerSecond: whatsapp.messagesPerSecond,
    })),
    ...options.emulator,
  })
  const runtime = await openTestRuntime({
    channels,
    realClock: true,
    ...(options.log ? { log: options.log } : {}),
    env: { WHATSAPP_API_URL: emulator.url, PORT: '0', ...options.env },
  })
  await pushTemplates(runtime)
  const service = await startService(runtime)
  emulator.setWebhookUrl(`${service.url}/webhooks/whatsapp`)
  return {
    runtime,
    emulator,
    inbox,
    service,
    channel: (slug) => channels.get(slug)!,
    keyFor: async (role, channel) =>
      (
        await runtime.act((deed) =>
          createKey(deed, COMMAND, { name: `${role} ${Math.random()}`, role, channel: channel ?? null }),
        )
      ).key,
    async ask(method, path, key, body, headers = {}) {
      const answer = await fetch(`${service.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      })
      const text = await answer.text()
      return { status: answer.status, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text }
    },
    async close() {
      await service.stop()
      await emulator.stop()
      await inbox.close()
      await runtime.close()
    },
  }
}

/** Meta gets our templates, and approves them at once. */
export async function pushTemplates(runtime: Pick<TestRuntime, 'channels' | 'whatsapp'>): Promise<void> {
  const { templates } = await readTemplates('templates')
  for (const channel of runtime.channels.values()) {
    if (!channel.offerings.info) continue
    for (const template of templates) {
      const { businessAccountId, accessToken } = channel.whatsapp
      const answer = await runtime.whatsapp.createTemplate(
        { businessAccountId, accessToken: accessToken.reveal() },
        template,
      )
      if (!answer.ok) throw new Error(`template not taken: ${answer.error?.title}`)
    }
  }
}

/** Looks again until `check` gives something, or fails after `withinMs` with what it last saw. */
export async function eventually<T>(check: () => T | Promise<T>, withinMs = 10_000): Promise<NonNullable<T>> {
  const until = Date.now() + withinMs
  for (;;) {
    const found = await check()
    if (found) return found as NonNullable<T>
    if (Date.now() > until) throw new Error(`not within ${withinMs} ms: ${check}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
