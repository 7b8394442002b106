import { randomUUID } from 'node:crypto'
import { inDeed, type Runtime } from '../runtime.ts'
import type { SendResult } from '../whatsapp/answers.ts'
import type { Consequences } from './aftermath.ts'
import { WAKE } from './queue.ts'
import { ChannelSender } from './sender.ts'

export type DispatcherOptions = {
  consequences: Consequences
  /** Told when this process becomes a channel's sender, and when it no longer is: whoever forwards to the inbox follows the same lease. */
  onLease?: (channel: string, held: boolean) => void
  onWake?: (channel: string) => void
  onVerdict?: (channel: string, verdict: SendResult['verdict']) => void
  maxInFlight?: number
}

export interface Dispatcher {
  wake(channel: string): void
  /** Finishes what is handed over, returns the rest and gives the leases back. */
  stop(graceMs?: number): Promise<void>
}

/** Sends for every channel whose lease this process gets; several processes share the channels among themselves. */
export async function openDispatcher(runtime: Runtime, options: DispatcherOptions): Promise<Dispatcher> {
  const owner = randomUUID()
  const senders = new Map(
    [...runtime.channels.values()].map((channel) => [
      channel.slug,
      new ChannelSender({
        channel,
        owner,
        sql: runtime.sql,
        vault: runtime.vault,
        whatsapp: runtime.whatsapp,
        log: runtime.log,
        now: runtime.now,
        consequences: options.consequences,
        inDeed: (act) => inDeed(runtime, act),
        onLease: (held) => options.onLease?.(channel.slug, held),
        onVerdict: (verdict) => options.onVerdict?.(channel.slug, verdict),
        maxInFlight: options.maxInFlight,
      }),
    ]),
  )
  const wake = (channel: string) => {
    senders.get(channel)?.wake()
    options.onWake?.(channel)
  }
  // A lost connection is listened on again by the driver; what was missed meanwhile is found by looking four times a second.
  const listening = await runtime.sql.listen(WAKE, wake)
  for (const sender of senders.values()) sender.start()
  return {
    wake,
    async stop(graceMs) {
      void listening.unlisten().catch(() => {}) // never waited for: the database may be away
      await Promise.all([...senders.values()].map((sender) => sender.stop(graceMs)))
    },
  }
}
