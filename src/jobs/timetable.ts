import { type ScheduledTask, schedule } from 'node-cron'
import { finishDone } from '../broadcasts/finishing.ts'
import { nextDueInMs, startDue } from '../broadcasts/starting.ts'
import type { Channel } from '../channels/channel.ts'
import { checkNumber } from '../channels/number-check.ts'
import { syncTemplates } from '../channels/template-sync.ts'
import { eraseDue } from '../chats/closing.ts'
import { dropHeldExpired } from '../chats/held.ts'
import { isDatabaseAway } from '../db/db.ts'
import { templatesChanged } from '../intake/notices.ts'
import { takeStrays } from '../intake/outcomes.ts'
import { checkLedgersNightly } from '../privacy/ledger-check.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { endWhatIsOver } from './nightly.ts'

type Job = {
  name: string
  cron: string
  run: (runtime: Runtime) => Promise<unknown>
  /** Runs again although it still runs: a large audience of one town must not hold up another's start. */
  overlaps?: true
}

/**
 * What runs when. Cron is the heartbeat only: what is due stands in the database, so a missed or doubled beat changes nothing, and several processes may
 * keep the same timetable.
 */
const TIMETABLE: readonly Job[] = [
  { name: 'start broadcasts', cron: '* * * * * *', run: startDue, overlaps: true },
  { name: 'finish broadcasts', cron: '* * * * * *', run: finishDone },
  {
    name: 'settle early statuses',
    cron: '*/2 * * * * *',
    run: (runtime) => inDeed(runtime, (deed) => takeStrays(deed, runtime.channels)),
  },
  { name: 'erase settled chats', cron: '*/2 * * * * *', run: (runtime) => inDeed(runtime, (deed) => eraseDue(deed)) },
  { name: 'drop unread messages', cron: '30 * * * * *', run: (runtime) => inDeed(runtime, dropHeldExpired) },
  { name: 'check numbers', cron: '15 * * * * *', run: (runtime) => eachChannel(runtime, checkNumber) },
  // These two look every ten minutes whether the night's run is done: a service that was off at night makes up for it.
  { name: 'end what is over', cron: '20 */10 * * * *', run: endWhatIsOver },
  { name: 'verify ledgers', cron: '50 */10 * * * *', run: checkLedgersNightly },
  { name: 'read templates', cron: '0 7 * * * *', run: (runtime) => eachChannel(runtime, readTemplates) },
]

/** Reads Meta's list of a channel's templates and carries out what changed. */
export async function readTemplates(runtime: Runtime, channel: Channel): Promise<void> {
  await syncTemplates(runtime, channel, (deed, _, changes) => templatesChanged(deed, channel, changes))
}

async function eachChannel(
  runtime: Runtime,
  act: (runtime: Runtime, channel: Channel) => Promise<void>,
): Promise<void> {
  for (const channel of runtime.channels.values()) {
    await act(runtime, channel).catch((error) =>
      runtime.log.warn({ err: error, channel: channel.slug }, 'channel not checked'),
    )
  }
}

export interface Timetable {
  /** Starts what is due without waiting for the next second. */
  hurry(): void
  /** Lets what is running end; nothing new begins. */
  stop(): Promise<void>
}

/** Begins the timetable of this process. What becomes due between two seconds is started then, not at the next one. */
export function keepTimetable(runtime: Runtime): Timetable {
  const running = new Set<Promise<void>>()
  const busy = new Set<string>()
  const begin = (job: Job): void => {
    if (busy.has(job.name)) return
    if (!job.overlaps) busy.add(job.name)
    const run: Promise<void> = job
      .run(runtime)
      .then(
        () => {},
        (error) => {
          const level = isDatabaseAway(error) ? 'warn' : 'error'
          runtime.log[level]({ err: error, job: job.name }, 'job failed, runs again at its next time')
        },
      )
      .finally(() => {
        busy.delete(job.name)
        running.delete(run)
      })
    running.add(run)
  }
  const startAfter = (ms: number) => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      begin(TIMETABLE[0]!)
    }, ms)
    timers.add(timer)
  }
  const timers = new Set<NodeJS.Timeout>()
  const ahead = schedule('* * * * * *', async () => {
    const ms = await nextDueInMs(runtime, 1100).catch(() => null)
    if (ms !== null && !stopped) startAfter(Math.max(0, ms) + 2)
  })
  const tasks: ScheduledTask[] = [
    ahead,
    ...TIMETABLE.map((job) => schedule(job.cron, () => begin(job), { name: job.name })),
  ]
  let stopped = false
  let hurriedAtMs = 0
  return {
    hurry() {
      if (performance.now() - hurriedAtMs < 20) return
      hurriedAtMs = performance.now()
      startAfter(20)
    },
    async stop() {
      stopped = true
      for (const timer of timers) clearTimeout(timer)
      await Promise.all(tasks.map((task) => task.destroy()))
      await Promise.all(running)
    },
  }
}
