import { inDeed, type Runtime } from '../runtime.ts'
import { TOKEN_REFUSED } from '../whatsapp/outcome.ts'
import type { Channel } from './channel.ts'
import { isTokenRefused } from './channel-health.ts'
import { channelState, clearStop, noteEvent, recordNumber, stopChannel } from './channels.ts'
import { targetOf } from './template-sync.ts'

/**
 * Asks Meta how a channel's number is: keeps the daily limit and quality, stops the channel when its token is refused, and lets it go on when Meta takes
 * the token again. Meta being away changes nothing.
 */
export async function checkNumber(
  runtime: Pick<Runtime, 'db' | 'vault' | 'now' | 'whatsapp' | 'log'>,
  channel: Channel,
): Promise<void> {
  const answer = await runtime.whatsapp.phoneNumber(targetOf(channel))
  await inDeed(runtime, async (deed) => {
    if (answer.ok) {
      const { dailyLimit, qualityRating, status, throughputLevel } = answer.value
      const told = { dailyLimit, qualityRating, phoneStatus: status, throughputLevel }
      // Among the events, or the limit that Meta told last would stand there as if it still held.
      if (await recordNumber(deed, channel.slug, told))
        await noteEvent(deed, channel.slug, { kind: 'limit-checked', severity: 'info', detail: { limit: dailyLimit } })
      const state = await channelState(deed, channel.slug)
      const stopped = state?.stoppedAt
        ? { at: state.stoppedAt, code: state.stoppedCode, reason: state.stoppedReason }
        : null
      if (isTokenRefused({ stopped })) await clearStop(deed, channel.slug)
    } else if (answer.error?.code === 190 || answer.error?.code === 0 || answer.httpStatus === 401) {
      runtime.log.error({ channel: channel.slug }, 'WhatsApp refuses the access token')
      await stopChannel(deed, channel.slug, String(answer.error?.code ?? TOKEN_REFUSED), 'token')
    }
  })
}
