import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { mediaLink, mediaLinkHolds } from '../../src/chats/media-link.ts'

const vaultOf = (key: string) => ({
  fingerprint: (purpose: string, text: string) => createHmac('sha256', key).update(`${purpose}\0${text}`).digest(),
})
const vault = vaultOf('ours')
const medium = { chatId: '5b6c2c0e-0000-4000-8000-000000000001', mediaId: '5b6c2c0e-0000-4000-8000-000000000002' }
const until = new Date('2026-11-30T09:00:00Z')
const before = new Date('2026-11-30T08:59:59Z')

const queryOf = (link: string) => Object.fromEntries(new URL(link, 'https://example.org').searchParams)
const query = queryOf(mediaLink(vault, medium, until))

describe("the signed address of a citizen's photo", () => {
  test('is a path of the contract', () => {
    expect(mediaLink(vault, medium, until).split('?')[0]).toBe(`/api/v1/chats/${medium.chatId}/media/${medium.mediaId}`)
  })

  test('opens this photo until its end', () => {
    expect(mediaLinkHolds(vault, medium, query, before)).toBe(true)
    expect(mediaLinkHolds(vault, medium, query, until)).toBe(false)
  })

  test.each([
    ['another photo', { ...medium, mediaId: medium.chatId }, query],
    ['another chat', { ...medium, chatId: medium.mediaId }, query],
    ['a later end', medium, { ...query, expires: String(Number(query.expires) + 1) }],
    ['no end', medium, { signature: query.signature }],
    ['an end that is no number', medium, { ...query, expires: '1e99' }],
    ['no signature', medium, { expires: query.expires }],
    ['a signature cut short', medium, { ...query, signature: query.signature!.slice(0, 8) }],
    ['the signature of somebody else', medium, queryOf(mediaLink(vaultOf('theirs'), medium, until))],
  ])('opens nothing with %s', (_, asked, changed) => {
    expect(mediaLinkHolds(vault, asked, changed, before)).toBe(false)
  })
})
