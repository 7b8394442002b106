import type { Channel } from '../channels/channel.ts'
import type { Problem } from '../refusal.ts'
import { nextClockChange } from './clock-change.ts'
import type { Typed } from './compose-form.ts'
import { Choices, Select, TextField } from './fields.tsx'
import { problemAt } from './office.ts'
import { Note } from './parts.tsx'

const WEEKDAYS = [
  ['1', 'Montag'],
  ['2', 'Dienstag'],
  ['3', 'Mittwoch'],
  ['4', 'Donnerstag'],
  ['5', 'Freitag'],
  ['6', 'Samstag'],
  ['0', 'Sonntag'],
] as const

const clock = (minute: number) => `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, '0')} Uhr`

/** Now, at a time, or again and again; with what quiet hours and clock changes mean for it. */
export function TimeFields({
  channel,
  typed: { one, weekdays },
  problems,
}: {
  channel: Channel
  typed: Typed
  problems: readonly Problem[]
}) {
  const quiet = channel.offerings.info?.quietHours ?? null
  const approved = channel.offerings.info?.approval === 'none' ? 'dem Absenden' : 'der Freigabe'
  const change = nextClockChange(channel.timezone, new Date())
  return (
    <>
      <Choices
        name="wann"
        legend="Wann soll die Meldung hinausgehen?"
        single
        choices={[
          { value: 'sofort', label: `Sofort nach ${approved}`, checked: (one.wann ?? 'sofort') === 'sofort' },
          { value: 'am', label: 'Zu einem Termin', checked: one.wann === 'am' },
          { value: 'wieder', label: 'Regelmäßig', checked: one.wann === 'wieder' },
        ]}
      />
      <div data-shown-if="wann=am">
        <TextField
          name="sendAt"
          label={`Termin (Ortszeit ${channel.town})`}
          type="datetime-local"
          value={one.sendAt}
          error={problemAt(problems, 'sendAt')}
        />
      </div>
      <div data-shown-if="wann=wieder">
        <Select
          name="rhythmus"
          label="Rhythmus"
          value={one.rhythmus ?? 'woche'}
          options={[
            ['woche', 'An bestimmten Wochentagen'],
            ['monat', 'Einmal im Monat'],
            ...(one.rhythmus === 'cron' ? [['cron', 'Eigener Rhythmus'] as const] : []),
          ]}
        />
        {one.rhythmus === 'cron' && (
          <TextField
            name="cron"
            label="Eigener Rhythmus (cron, fünf Felder)"
            value={one.cron}
            error={problemAt(problems, 'recurrence.cron')}
          />
        )}
        <div data-shown-if="rhythmus=woche">
          <Choices
            name="wochentag"
            legend="Wochentage"
            error={problemAt(problems, 'wochentag')}
            choices={WEEKDAYS.map(([value, label]) => ({ value, label, checked: weekdays.includes(value) }))}
          />
        </div>
        <div data-shown-if="rhythmus=monat">
          <TextField
            name="monatstag"
            label="Tag im Monat"
            type="number"
            inputmode="numeric"
            value={one.monatstag ?? '1'}
          />
        </div>
        <TextField
          name="um"
          label="Uhrzeit"
          type="time"
          value={one.um}
          error={one.rhythmus === 'cron' ? undefined : problemAt(problems, 'recurrence.cron')}
        />
        <TextField name="ab" label="Frühestens ab" type="date" value={one.ab} optional />
        <TextField
          name="recurrence.until"
          label="Letzter Tag"
          type="date"
          value={one['recurrence.until']}
          error={problemAt(problems, 'recurrence.until')}
          optional
        />
      </div>
      {quiet && (
        <Note>
          {`Ruhezeit von ${clock(quiet.fromMinute)} bis ${clock(quiet.toMinute)}: Was dann noch nicht hinaus ist, wartet bis zum Ende der Ruhezeit.`}
        </Note>
      )}
      {change && <Note>{`${change} Es gilt immer die Uhrzeit, die vor Ort angezeigt wird.`}</Note>}
    </>
  )
}
