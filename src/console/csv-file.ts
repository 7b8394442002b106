import { stream } from 'hono/streaming'
import { csvText } from '../subscriptions/csv-text.ts'
import type { OfficeContext } from './office.ts'

/** A table as a file to keep, written as its pages come. */
export function csvFile(c: OfficeContext, name: string, pages: AsyncIterable<string[][]>): Response {
  c.header('content-type', 'text/csv; charset=utf-8')
  c.header('content-disposition', `attachment; filename="${name}.csv"`)
  return stream(c, async (out) => {
    for await (const text of csvText(pages, { reader: 'people' })) {
      if (out.aborted) return
      await out.write(text)
    }
  })
}
