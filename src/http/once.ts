import type { Context } from 'hono'
import { answerBefore, keepAnswer, keptAnswer, type Repeatable } from '../access/repeats.ts'
import type { Actor } from '../audit/audit.ts'
import { Refusal } from '../refusal.ts'
import { type Deed, inDeed, type Runtime } from '../runtime.ts'
import type { ApiEnv } from './signed-in.ts'

/** The request header and what it promises, for the routes that honour it. */
export const IDEMPOTENCY_KEY = 'Idempotency-Key'

/**
 * Carries out a verb in one transaction. If the request has an Idempotency-Key, its answer commits with the deed and is given again to every repeat:
 * a crash in between leaves either both or neither. Refusals are not kept, since they change nothing.
 * @param body what the request asks for, as checked; the same key with another body is refused
 * @param act returns the answer's body, which must hold nothing personal: it is stored
 */
export async function once<T extends object>(
  c: Context<ApiEnv>,
  runtime: Runtime,
  body: unknown,
  act: (deed: Deed) => Promise<T>,
): Promise<T> {
  const request = repeatableOf(c, body)
  if (!request) return inDeed(runtime, act)
  return inDeed(runtime, async (deed) => {
    const before = await answerBefore(deed, request)
    if (before) {
      c.header('Idempotent-Replayed', 'true')
      return before as T
    }
    const answer = await act(deed)
    await keepAnswer(deed, request, answer)
    return answer
  })
}

/**
 * The same for a verb that needs something from a network first: `prepare` is asked outside of any transaction, and not for a repeat that has its answer.
 * What it made may be left over if the deed is then refused.
 */
export async function onceAfter<P, T extends object>(
  c: Context<ApiEnv>,
  runtime: Runtime,
  body: unknown,
  prepare: () => Promise<P>,
  act: (deed: Deed, prepared: P) => Promise<T>,
): Promise<T> {
  const request = repeatableOf(c, body)
  const before = request && (await inDeed(runtime, (deed) => keptAnswer(deed, request)))
  if (before) {
    c.header('Idempotent-Replayed', 'true')
    return before as T
  }
  const prepared = await prepare()
  return once(c, runtime, body, (deed) => act(deed, prepared))
}

/** The key of a repeat as it may be stored beside what it made: a program may have put a number into it. */
export const keptKey = ({ vault }: Pick<Deed, 'vault'>, actor: Pick<Actor, 'id'>, key: string | undefined) =>
  key ? `${actor.id}:${vault.fingerprint('idempotency-key', key).toString('base64url')}` : undefined

function repeatableOf(c: Context<ApiEnv>, body: unknown): Repeatable | undefined {
  const key = c.req.header(IDEMPOTENCY_KEY)
  if (key === undefined || key === '') return undefined
  if (key.length > 255)
    throw new Refusal('invalid-input', [{ field: IDEMPOTENCY_KEY, message: 'Höchstens 255 Zeichen.' }])
  return {
    principal: c.get('actor').id,
    method: c.req.method,
    path: c.req.path,
    key,
    body: JSON.stringify(body) ?? '',
  }
}
