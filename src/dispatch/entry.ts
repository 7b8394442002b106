import type { Vault } from '../db/vault.ts'
import { type Address, addresser } from '../whatsapp/messages.ts'
import type { HandedOver } from './aftermath.ts'
import type { Sealed } from './lane.ts'
import { callbackDataOf } from './statuses.ts'

/** A message between its hand-over and its answer. */
export type Entry = HandedOver & {
  sealed: Sealed
  /** What `placeOf` says, opened; null if that cannot be read. */
  opened: string | null
  /** A byte of it may have left. */
  hasStarted: boolean
  writeBefore: { atMs: number; wallMs: number }
}

/** Goes before what a broadcast has to say. */
export const isUrgent = ({ broadcastId }: Entry) => broadcastId === null

/** The lease under which it was handed over may be another's by now. */
export const isLate = ({ writeBefore: { atMs, wallMs } }: Entry) => performance.now() > atMs || Date.now() > wallMs

/** Where a message goes: its own address, or its person's as of the hand-over; null for nobody. */
export const placeOf = ({ address, phone, userId }: Sealed): string | null => address ?? phone ?? userId

/**
 * The JSON that is sent; null without an address, or when its broadcast was stopped.
 * @param renderOf the finished body of a broadcast's message, as long as it is being sent
 * @throws CannotOpen, SyntaxError if what is stored cannot be read
 */
export function bodyOf(
  { id, sealed, opened, broadcastId, handedOverAt }: Entry,
  vault: Pick<Vault, 'open'>,
  renderOf: (broadcastId: string) => ReturnType<typeof addresser> | undefined,
): string | null {
  const place = placeOf(sealed)
  if (place === null) return null
  const text = opened ?? vault.open(place) // which says why it cannot be opened
  const address: Address =
    sealed.address !== null ? JSON.parse(text) : sealed.phone !== null ? { phone: text } : { userId: text }
  const render = sealed.payload === null ? renderOf(broadcastId!) : addresser(JSON.parse(vault.open(sealed.payload)))
  return render ? render(address, callbackDataOf(id, handedOverAt)) : null
}
