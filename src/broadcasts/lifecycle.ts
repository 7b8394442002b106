import type { broadcastStatus } from '../db/schema.ts'
import { type Reason, reasons } from '../whatsapp/reasons.ts'

/** `starting` is internal: the audience is frozen, but nothing may leave yet. Outside it reads `sending`. */
export type State = (typeof broadcastStatus.enumValues)[number]

/** How far it got: nothing written yet, its recipients written, or allowed to send. */
export type Progress = 'planned' | 'frozen' | 'started'

type After = State | 'gone'

/**
 * Every step that is possible, and the state it leads to; what is not here is refused. Where the same step leads elsewhere depending on
 * how far the broadcast got, each way is listed; a way not listed is refused.
 */
export const LIFECYCLE = {
  draft: { submit: 'awaiting-approval', edit: 'draft', delete: 'gone' },
  'awaiting-approval': { approve: 'scheduled', reject: 'rejected', edit: 'draft', cancel: 'cancelled' },
  // A series finishes from here: its dates are broadcasts of their own.
  scheduled: { start: 'starting', pause: 'paused', edit: 'draft', cancel: 'cancelled', finish: 'done' },
  starting: { begin: 'sending', pause: 'paused', cancel: 'cancelled' },
  sending: { pause: 'paused', cancel: 'cancelled', retry: 'sending', finish: 'done' },
  paused: {
    resume: { planned: 'scheduled', frozen: 'starting', started: 'sending' },
    // Whoever got the old text would make two versions of one broadcast, so only an unsent one can be rewritten.
    edit: { planned: 'draft' },
    // A repeat waits for the resume as well: pressing it must not lift what stopped the broadcast.
    retry: { started: 'paused' },
    cancel: 'cancelled',
  },
  rejected: { edit: 'draft', delete: 'gone' },
  done: { retry: 'sending' },
  cancelled: {},
} as const satisfies Record<State, Record<string, After | Partial<Record<Progress, After>>>>

type StepsOf<T> = T extends unknown ? keyof T : never
export type Step = StepsOf<(typeof LIFECYCLE)[State]>

/** Where the step leads, or null: it is not possible from here. */
export function next(state: State, step: Step, progress: Progress): After | null {
  const ways: Partial<Record<Step, After | Partial<Record<Progress, After>>>> = LIFECYCLE[state]
  const way = ways[step]
  return (typeof way === 'object' ? way[progress] : way) ?? null
}

/** The steps possible from here. */
export const stepsFrom = (state: State, progress: Progress): Step[] =>
  (Object.keys(LIFECYCLE[state]) as Step[]).filter((step) => next(state, step, progress) !== null)

const OWN_STEPS: ReadonlySet<Step> = new Set(['start', 'begin', 'finish'])

/** Those of them that people take, for buttons and lists; the others the service takes itself. */
export const officeSteps = (state: State, progress: Progress): Step[] =>
  stepsFrom(state, progress).filter((step) => !OWN_STEPS.has(step))

/** What people outside see of a state. */
export const shown = (state: State): Exclude<State, 'starting'> => (state === 'starting' ? 'sending' : state)

/** Why a broadcast stands still, unless it is for one of WhatsApp's reasons, with the sentence the office reads. Stored is the word. */
export const PAUSES = {
  office: 'Von der Redaktion angehalten.',
  overdue:
    'Der Versandzeitpunkt wurde verpasst, weil der Dienst nicht lief. Bitte entscheiden Sie, ob die Meldung noch gesendet werden soll.',
  'template-paused': 'WhatsApp hat die Vorlage angehalten. Der Versand geht weiter, sobald sie wieder freigegeben ist.',
  'template-missing': 'WhatsApp führt die Vorlage nicht mehr. Bitte prüfen Sie die Vorlagen des Kanals.',
  'template-changed':
    'Die Vorlage wurde nach der Freigabe bei WhatsApp geändert. Bitte prüfen Sie die Meldung und lassen Sie sie neu freigeben.',
  'channel-stopped':
    'Der Kanal ist angehalten. Bitte beheben Sie zuerst die angezeigte Störung und setzen Sie den Versand dann fort.',
  'offering-gone': 'Der Kanal bietet keinen Infokanal mehr an.',
} as const satisfies Record<string, string>

export type PauseReason = keyof typeof PAUSES | Reason

/** The sentence for a stored reason; also for one that an older or newer version wrote. */
export function pauseSentence(reason: string): string {
  if (Object.hasOwn(PAUSES, reason)) return PAUSES[reason as keyof typeof PAUSES]
  const [what, advice] = Object.hasOwn(reasons, reason)
    ? reasons[reason as Reason]
    : ['Der Versand wurde angehalten.', '']
  return `${what} ${advice}`.trim()
}

/** Reasons of WhatsApp that end when the template is approved again as it was. */
export const endsWithTemplate = (reason: string): boolean =>
  reason.startsWith('template-') && reason !== 'template-changed'
