import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'

/** Memory where there is enough of it, for databases come and go faster there. Containers give /dev/shm 64 MB by default: too little. */
export async function roomyDir(): Promise<string> {
  const memory = await statfs('/dev/shm').catch(() => null)
  return memory !== null && memory.bavail * memory.bsize > 2 ** 31 ? '/dev/shm' : tmpdir()
}
