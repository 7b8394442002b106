import { forgetSignIns, forgetStaff } from '../access/forget.ts'
import { forgetAnswers } from '../access/repeats.ts'
import { forgetReceived } from '../intake/forget.ts'
import { type RetentionOptions, retainNightly } from '../privacy/retention.ts'
import type { Runtime } from '../runtime.ts'

const DAY_MS = 86_400_000

/** Meta repeats a message for up to seven days. */
const REPEATED_FOR_MS = 7 * DAY_MS

/** What the folders above `privacy/` keep. */
export const OF_OTHERS: RetentionOptions = {
  ofChannel: [
    {
      name: 'inboundIds',
      run: (deed, { slug, privacy: { retention } }, limit) => {
        const keptMs = Math.max(retention.inboundIdsMs, REPEATED_FOR_MS)
        return forgetReceived(deed, slug, new Date(deed.now.getTime() - keptMs), limit)
      },
    },
  ],
  ofAll: [
    { name: 'signIns', run: (deed, _, limit) => forgetSignIns(deed, limit) },
    {
      name: 'staff',
      run: (deed, channels, limit) => {
        const keptMs = Math.max(...channels.map(({ privacy }) => privacy.retention.auditMs))
        return forgetStaff(deed, new Date(deed.now.getTime() - keptMs), limit)
      },
    },
    // Promised are 24 hours.
    {
      name: 'answers',
      run: (deed, _, limit) => forgetAnswers(deed, new Date(deed.now.getTime() - 2 * DAY_MS), limit),
    },
  ],
}

/** Once a night, whichever process is first: everything whose time is over ends. */
export const endWhatIsOver = (runtime: Runtime): Promise<boolean> => retainNightly(runtime, OF_OTHERS)
