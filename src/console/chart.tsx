import type { GrowthDay } from '../subscriptions/growth.ts'
import { count } from './format.ts'

type Size = { width: number; height: number; left: number; labels: number }
const WIDE: Size = { width: 900, height: 260, left: 60, labels: 6 }
const NARROW: Size = { width: 340, height: 240, left: 52, labels: 3 }
const TOP = 28
const BOTTOM = 34
const RIGHT = 16

const shortDay = (day: string) => `${Number(day.slice(8))}.${Number(day.slice(5, 7))}.`

/** Subscribers over time, with the days on which broadcasts went out. Drawn twice, since a small picture needs fewer and larger words. */
export const GrowthChart = ({ days, marked }: { days: readonly GrowthDay[]; marked: ReadonlySet<string> }) => (
  <figure class="growth">
    <Drawing {...{ days, marked }} size={WIDE} name="chart chart-wide" />
    <Drawing {...{ days, marked }} size={NARROW} name="chart chart-narrow" />
    <figcaption class="kern-body kern-body--small note">
      Abonnenten im Infokanal.{marked.size > 0 ? ' Gestrichelt: Tage, an denen eine Meldung gesendet wurde.' : ''}
    </figcaption>
  </figure>
)

function Drawing({
  days,
  marked,
  size,
  name,
}: {
  days: readonly GrowthDay[]
  marked: ReadonlySet<string>
  size: Size
  name: string
}) {
  const values = days.map(({ subscribers }) => subscribers)
  const [least, most] = rangeOf(values)
  const x = (index: number) => size.left + (index / Math.max(1, days.length - 1)) * (size.width - size.left - RIGHT)
  const y = (value: number) => TOP + (1 - (value - least) / (most - least)) * (size.height - TOP - BOTTOM)
  const points = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`)
  const base = size.height - BOTTOM
  const ticks = [least, Math.round((least + most) / 2), most]
  const step = Math.max(1, Math.round((days.length - 1) / size.labels))
  const first = values[0] ?? 0
  const last = values.at(-1) ?? 0
  return (
    <svg
      class={name}
      viewBox={`0 0 ${size.width} ${size.height}`}
      role="img"
      aria-label={`Abonnenten in den letzten ${days.length} Tagen: von ${count(first)} auf ${count(last)}`}
    >
      {ticks.map((value) => (
        <>
          <line class="axis" x1={size.left} x2={size.width - RIGHT} y1={y(value)} y2={y(value)} />
          <text x={size.left - 8} y={y(value) + 4} text-anchor="end">
            {count(value)}
          </text>
        </>
      ))}
      {days.map(({ day }, index) =>
        marked.has(day) ? <line class="mark" x1={x(index)} x2={x(index)} y1={TOP - 8} y2={base} /> : null,
      )}
      <polygon class="area" points={`${x(0)},${base} ${points.join(' ')} ${x(days.length - 1)},${base}`} />
      <polyline class="line" points={points.join(' ')} />
      {days.map(({ day }, index) =>
        (days.length - 1 - index) % step === 0 ? (
          <text
            x={x(index)}
            y={size.height - 10}
            text-anchor={index === days.length - 1 ? 'end' : index === 0 ? 'start' : 'middle'}
          >
            {shortDay(day)}
          </text>
        ) : null,
      )}
    </svg>
  )
}

/** Round ends around the values, so that the line neither sticks to the frame nor lies about its size. */
function rangeOf(values: readonly number[]): [least: number, most: number] {
  const [low, high] = [Math.min(...values, 0 + (values[0] ?? 0)), Math.max(...values, 1)]
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, high - low || high))))
  const least = Math.max(0, Math.floor(low / unit) * unit)
  const most = Math.ceil((high + 1) / unit) * unit
  return [least === most ? 0 : least, most]
}
