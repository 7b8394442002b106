import { announce, phoneOf } from '../support/population.ts'
import { openTown, TOWN } from './bench-town.ts'
import { runJob } from './run-job.ts'
import { median, type Row } from './table.ts'

/**
 * Dispatch with numbers sealed against the same with a vault that leaves everything as it is, taking turns: against a receiver that takes its time as WhatsApp
 * does, and against one that answers at once, where nothing but our own work counts.
 */
export async function encryptionBench(people = 20_000, rounds = Number(process.env.BENCH_ROUNDS ?? 5)): Promise<Row[]> {
  const town = await openTown(people)
  const { sink, hands, installation } = town
  try {
    await hands.sql`create table bench_numbers as select id, phone_sealed as sealed, ''::text as plain from contacts`
    for (let from = 0; from < people; from += 5000) {
      const phones = Array.from({ length: Math.min(5000, people - from) }, (_, i) => phoneOf(from + i))
      const hashes = phones.map((phone) => hands.vault.fingerprint('phone', phone).toString('hex'))
      await hands.sql`
        update bench_numbers b set plain = 'plain.' || p.phone
        from unnest(${phones}::text[], ${hashes}::text[]) as p(phone, hash) join contacts c on c.phone_hash = decode(p.hash, 'hex')
        where c.id = b.id`
    }
    const run = async (plain: boolean, connections: number) => {
      await hands.sql`
        update contacts c set phone_sealed = ${plain ? hands.sql`b.plain` : hands.sql`b.sealed`} from bench_numbers b where b.id = c.id`
      await hands.sql`vacuum analyze contacts`
      const later = new Date(Date.now() + 3_600_000)
      const [warmUp, broadcast] = [await announce(hands, TOWN, later), await announce(hands, TOWN, later)]
      const before = town.databaseCpuMs()
      const job = {
        job: 'dispatch',
        env: installation.env,
        connections,
        messages: people,
        perSecond: 100_000,
      } as const
      const { ms, cpuMs } = await runJob({ ...job, warmUp, broadcast, plain })
      return { ms, cpuMs: cpuMs + town.databaseCpuMs() - before }
    }
    const rows: Row[] = []
    for (const [latencyMs, connections] of [
      [80, 512],
      [0, 50],
    ] as const) {
      await sink.set({ latencyMs, countOnly: true, isPatient: true })
      const speeds: number[] = []
      const cpus: number[] = []
      for (let round = 0; round < rounds; round++) {
        // Which one goes first changes, since the later one finds a warmer database.
        const first = await run(round % 2 === 0, connections)
        const second = await run(round % 2 !== 0, connections)
        const [plain, sealed] = round % 2 === 0 ? [first, second] : [second, first]
        speeds.push(plain.ms / sealed.ms)
        cpus.push(sealed.cpuMs / plain.cpuMs)
      }
      const value = median(speeds)
      const what = `dispatch with encryption, ${latencyMs} ms answers`
      rows.push({ what, value, unit: '× without', goal: '≥ 0.9', met: value >= 0.9 })
      rows.push({ what: '  CPU with database', value: median(cpus), unit: '× without' })
    }
    return rows
  } finally {
    await town.close()
  }
}
