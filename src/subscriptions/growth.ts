import { sql } from 'drizzle-orm'
import { subscriptions } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import type { Offering } from './consents.ts'

/** How many people were subscribed at the end of a day (YYYY-MM-DD by the town's clock), and how many came and went on it. */
export type GrowthDay = { day: string; subscribers: number; joined: number; left: number }

/** The last `days` days of an offering, oldest first, today included. */
export async function growthOf(
  deed: Deed,
  channel: string,
  offering: Offering,
  { days, zone }: { days: number; zone: string },
): Promise<GrowthDay[]> {
  const now = deed.now.toISOString()
  // Quarters of an hour first: working out the local day of a million rows would take longer than everything else.
  const perDay = (column: 'joined_at' | 'left_at') => sql`
    select to_char(bin at time zone ${zone}, 'YYYY-MM-DD') as day, sum(n)::int as n from (
      select date_bin('15 minutes', ${sql.raw(column)}, 'epoch'::timestamptz) as bin, count(*) as n from ${subscriptions}, start
      where channel = ${channel} and offering = ${offering} and ${sql.raw(column)} >= start.at group by 1) bins group by 1`
  const rows = await deed.tx.execute<{ day: string; joined: number; left: number; active: number }>(sql`
    with span as (
      select generate_series(
        date_trunc('day', ${now}::timestamptz at time zone ${zone}) - make_interval(days => ${days - 1}),
        date_trunc('day', ${now}::timestamptz at time zone ${zone}), interval '1 day') as day),
    start as (select min(day) at time zone ${zone} as at from span),
    came as (${perDay('joined_at')}),
    went as (${perDay('left_at')}),
    active as (
      select count(*)::int as n from ${subscriptions} where channel = ${channel} and offering = ${offering} and left_at is null)
    select to_char(span.day, 'YYYY-MM-DD') as day, coalesce(came.n, 0) as joined, coalesce(went.n, 0) as left, active.n as active
    from span cross join active
      left join came on came.day = to_char(span.day, 'YYYY-MM-DD') left join went on went.day = to_char(span.day, 'YYYY-MM-DD')
    order by 1`)
  // Backwards from today, whose number is known.
  let subscribers = rows[0]?.active ?? 0
  return rows
    .reverse()
    .map(({ day, joined, left }) => {
      const then = { day, subscribers, joined, left }
      subscribers += left - joined
      return then
    })
    .reverse()
}

/** How many people left an offering within `hours` after each of these moments. */
export async function leftAfter(
  deed: Deed,
  channel: string,
  offering: Offering,
  moments: readonly Date[],
  hours: number,
): Promise<number[]> {
  if (moments.length === 0) return []
  const rows = await deed.tx.execute<{ n: number }>(sql`
    select (select count(*)::int from ${subscriptions} s
      where s.channel = ${channel} and s.offering = ${offering} and s.left_at >= m.at and s.left_at < m.at + make_interval(hours => ${hours})) as n
    from (select (value #>> '{}')::timestamptz as at, ordinality from jsonb_array_elements(${JSON.stringify(moments)}::jsonb) with ordinality) m
    order by m.ordinality`)
  return rows.map(({ n }) => n)
}
