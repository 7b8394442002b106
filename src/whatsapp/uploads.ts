/**
 * What may be uploaded to be sent, by Meta's kind of message.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
 */
const MB = 1024 * 1024
const office = (name: string) => `application/vnd.openxmlformats-officedocument.${name}`

export type UploadKind = 'image' | 'video' | 'audio' | 'document'

const UPLOADS: Readonly<Record<UploadKind, { mostBytes: number; types: readonly string[] }>> = {
  image: { mostBytes: 5 * MB, types: ['image/jpeg', 'image/png'] },
  video: { mostBytes: 16 * MB, types: ['video/mp4', 'video/3gpp'] },
  audio: { mostBytes: 16 * MB, types: ['audio/aac', 'audio/amr', 'audio/mpeg', 'audio/mp4', 'audio/ogg'] },
  document: {
    mostBytes: 100 * MB,
    types: [
      'text/plain',
      'application/pdf',
      'application/msword',
      office('wordprocessingml.document'),
      'application/vnd.ms-excel',
      office('spreadsheetml.sheet'),
      'application/vnd.ms-powerpoint',
      office('presentationml.presentation'),
    ],
  },
}

/** The largest file of any kind, in bytes. */
export const LARGEST_UPLOAD = Math.max(...Object.values(UPLOADS).map(({ mostBytes }) => mostBytes))

/** What the first bytes say, whatever the file calls itself; null: no picture that WhatsApp takes. */
export function pictureType(data: Uint8Array): 'image/jpeg' | 'image/png' | null {
  const begins = (...bytes: number[]) => bytes.every((byte, index) => data[index] === byte)
  if (begins(0xff, 0xd8, 0xff)) return 'image/jpeg'
  return begins(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a) ? 'image/png' : null
}

/** As what a file of this type is sent and how many bytes it may have; null for a type that WhatsApp does not take. Parameters such as `charset` do not matter. */
export function uploadKind(mimeType: string): { kind: UploadKind; mimeType: string; mostBytes: number } | null {
  const plain = mimeType.split(';')[0]!.trim().toLowerCase()
  for (const [kind, { mostBytes, types }] of Object.entries(UPLOADS)) {
    if (types.includes(plain)) return { kind: kind as UploadKind, mimeType: plain, mostBytes }
  }
  return null
}
