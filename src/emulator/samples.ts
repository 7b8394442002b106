import { readFileSync } from 'node:fs'

/** What a citizen sends when a test or the page says only "an image": the file in assets/ and its type. */
const FILES: Record<string, { file: string; mimeType: string }> = {
  image: { file: 'sample.jpg', mimeType: 'image/jpeg' },
  video: { file: 'sample.mp4', mimeType: 'video/mp4' },
  audio: { file: 'sample.ogg', mimeType: 'audio/ogg; codecs=opus' },
  document: { file: 'sample.pdf', mimeType: 'application/pdf' },
  sticker: { file: 'sample.webp', mimeType: 'image/webp' },
}

const read = new Map<string, Buffer>()

/** A file of the emulator's own assets; read once. */
export function asset(name: string): Buffer {
  const bytes = read.get(name) ?? readFileSync(new URL(`./assets/${name}`, import.meta.url))
  read.set(name, bytes)
  return bytes
}

/** The sample for a message type, or null for types that carry no file. */
export function sampleFor(type: string): { bytes: Buffer; mimeType: string; filename: string } | null {
  const sample = FILES[type]
  return sample ? { bytes: asset(sample.file), mimeType: sample.mimeType, filename: sample.file } : null
}
