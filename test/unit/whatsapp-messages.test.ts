import { describe, expect, test } from 'vitest'
import {
  addressed,
  addresser,
  buttonsMessage,
  listMessage,
  mediaMessage,
  readReceipt,
  textMessage,
} from '../../src/whatsapp/messages.ts'

describe('where a message goes', () => {
  const body = textMessage('Hallo')
  test.each([
    ['a phone with +', { phone: '+4915112340001' }, { to: '+4915112340001' }],
    [
      'a phone without + gets one, else a stranger might be reached',
      { phone: '4915112340001' },
      { to: '+4915112340001' },
    ],
    ['a user id as recipient', { userId: 'DE.1a' }, { recipient: 'DE.1a' }],
    ['both: the phone alone', { phone: '+4915112340001', userId: 'DE.1a' }, { to: '+4915112340001' }],
    ['an empty phone is none', { phone: '', userId: 'DE.1a' }, { recipient: 'DE.1a' }],
    ['a user id with quotes stays one text', { userId: 'DE."},{"' }, { recipient: 'DE."},{"' }],
  ])('%s', (_sentence, address, expected) => {
    expect(JSON.parse(addressed(body, address, 'dlv_1'))).toEqual({
      ...body,
      ...expected,
      biz_opaque_callback_data: 'dlv_1',
    })
    expect(JSON.parse(addressed(body, address))).toEqual({ ...body, ...expected })
  })

  test('nobody is no address', () => {
    expect(() => addressed(body, {})).toThrow(RangeError)
    expect(() => addressed(body, { phone: '', userId: '' })).toThrow(RangeError)
  })

  test('one body serves many, and an empty one does no harm', () => {
    const to = addresser(body)
    expect(JSON.parse(to({ phone: '+491' })).to).toBe('+491')
    expect(JSON.parse(to({ phone: '+492' })).to).toBe('+492')
    expect(JSON.parse(addressed({}, { phone: '+491' }))).toEqual({ to: '+491' })
  })
})

describe('the bodies Meta documents', () => {
  const common = { messaging_product: 'whatsapp', recipient_type: 'individual' }
  test.each([
    ['a text', textMessage('Hallo'), { type: 'text', text: { body: 'Hallo', preview_url: false } }],
    [
      'a text that quotes',
      textMessage('Ja', { replyTo: 'wamid.X', previewUrl: true }),
      { type: 'text', text: { body: 'Ja', preview_url: true }, context: { message_id: 'wamid.X' } },
    ],
    [
      'reply buttons',
      buttonsMessage('Möchten Sie?', [{ id: 'join', title: 'Anmelden' }], { footer: 'Stadt' }),
      {
        type: 'interactive',
        interactive: {
          type: 'button',
          body: { text: 'Möchten Sie?' },
          footer: { text: 'Stadt' },
          action: { buttons: [{ type: 'reply', reply: { id: 'join', title: 'Anmelden' } }] },
        },
      },
    ],
    [
      'a list',
      listMessage('Wählen Sie', 'Themen', [{ title: 'Stadt', rows: [{ id: 'a', title: 'Baustellen' }] }]),
      {
        type: 'interactive',
        interactive: {
          type: 'list',
          body: { text: 'Wählen Sie' },
          action: { button: 'Themen', sections: [{ title: 'Stadt', rows: [{ id: 'a', title: 'Baustellen' }] }] },
        },
      },
    ],
    [
      'a document by address with name and caption',
      mediaMessage('document', { link: 'https://x/p.pdf' }, { filename: 'p.pdf', caption: 'Plan' }),
      { type: 'document', document: { link: 'https://x/p.pdf', filename: 'p.pdf', caption: 'Plan' } },
    ],
    [
      'a picture by id has no file name',
      mediaMessage('image', { id: '9' }, { filename: 'a.jpg', caption: 'Bild' }),
      { type: 'image', image: { id: '9', caption: 'Bild' } },
    ],
    [
      'audio has no caption',
      mediaMessage('audio', { id: '9' }, { caption: 'x' }),
      { type: 'audio', audio: { id: '9' } },
    ],
  ])('%s', (_sentence, body, expected) => expect(body).toEqual({ ...common, ...expected }))

  test('a read receipt has no address', () =>
    expect(readReceipt('wamid.IN')).toEqual({ messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.IN' }))
})
