import { record, SYSTEM } from '../audit/audit.ts'
import { BAN, ban, banToldAt, liftBan } from '../channels/ban.ts'
import { noteEvent, recordNumber, type Severity, stopChannel } from '../channels/channels.ts'
import type { Deed } from '../runtime.ts'
import type { AccountEvent } from '../whatsapp/webhook-events.ts'

/** Carries out what Meta says about a channel's number or account, and notes it for the office. */
export async function takeAccountEvent(deed: Deed, slug: string, event: AccountEvent): Promise<void> {
  const note = (severity: Severity, detail: Record<string, unknown>) =>
    noteEvent(deed, slug, { kind: event.type, severity, detail })
  switch (event.type) {
    case 'phone-quality':
      await recordNumber(deed, slug, { dailyLimit: event.limit })
      return note('info', { limit: event.limit, event: event.event })
    case 'capability':
      await recordNumber(deed, slug, { dailyLimit: event.limit })
      return note('info', { limit: event.limit })
    case 'account-update':
      if (event.event === BAN) await followBan(deed, slug, event)
      else if (event.blocking) await stopChannel(deed, slug, event.event, 'account')
      return note(event.blocking ? 'critical' : 'info', {
        event: event.event,
        restrictions: event.restrictions,
        violation: event.violation,
        banState: event.banState,
        toldAt: (event.toldAt ?? deed.now).toISOString(),
      })
    case 'alert':
      return note(
        event.severity === 'CRITICAL' ? 'critical' : event.severity === 'INFORMATIONAL' ? 'info' : 'warning',
        {
          alert: event.alert,
          severity: event.severity,
        },
      )
    // Whoever has the PIN can take the number away: the office must know whether it was one of them.
    case 'security':
      return note('warning', { event: event.event })
    case 'account-review':
      return note(event.decision === 'REJECTED' ? 'critical' : 'info', { decision: event.decision })
    case 'name-review':
      return note(event.decision === 'REJECTED' ? 'warning' : 'info', { decision: event.decision })
  }
}

/** What was said before the latest word about a ban, or is that word once more, has no effect. */
async function followBan(
  deed: Deed,
  slug: string,
  { blocking, banState, toldAt = deed.now }: Extract<AccountEvent, { type: 'account-update' }>,
): Promise<void> {
  const latest = await banToldAt(deed, slug)
  if (latest !== null && toldAt <= latest) return
  if (blocking) await ban(deed, slug, banState === 'SCHEDULE_FOR_DISABLE')
  else if (banState === 'REINSTATE' && (await liftBan(deed, slug)))
    await record(deed, SYSTEM, { action: 'channel.resumed', channel: slug })
}
