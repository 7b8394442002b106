import { and, eq, like, max, sql } from 'drizzle-orm'
import { consents } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import type { Offering } from './consents.ts'
import { codeOf, posterSource } from './source.ts'

/** How often people signed up for an offering by the message of one poster, and when that last was. */
export type PosterSignUps = { code: string; offering: Offering; signUps: number; lastAt: Date }

/** Counted from the ledger: whoever left and came back by the poster counts again, and whoever left since still counts. */
export async function signUpsByPoster(deed: Deed, channel: string): Promise<PosterSignUps[]> {
  const rows = await deed.tx
    .select({
      source: consents.source,
      offering: consents.offering,
      signUps: sql<number>`count(*)::int`,
      lastAt: max(consents.at),
    })
    .from(consents)
    .where(and(eq(consents.channel, channel), eq(consents.action, 'granted'), like(consents.source, posterSource('%'))))
    .groupBy(consents.source, consents.offering)
    .orderBy(consents.source, consents.offering)
  return rows.map(({ source, offering, signUps, lastAt }) => ({
    code: codeOf(source)!,
    offering,
    signUps,
    lastAt: lastAt!,
  }))
}
