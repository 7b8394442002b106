import { and, desc, eq } from 'drizzle-orm'
import { broadcasts } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import type { State } from './lifecycle.ts'

export type Usage = { id: string; title: string; status: State; createdAt: Date }

/** The latest broadcasts written with a template. */
export function usageOf(
  deed: Pick<Deed, 'tx'>,
  channel: string,
  { name, language }: { name: string; language: string },
  limit: number,
): Promise<Usage[]> {
  return deed.tx
    .select({
      id: broadcasts.id,
      title: broadcasts.title,
      status: broadcasts.status,
      createdAt: broadcasts.createdAt,
    })
    .from(broadcasts)
    .where(
      and(
        eq(broadcasts.channel, channel),
        eq(broadcasts.templateName, name),
        eq(broadcasts.templateLanguage, language),
      ),
    )
    .orderBy(desc(broadcasts.createdAt))
    .limit(limit)
}
