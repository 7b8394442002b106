/** Sends three messages, one after the other, to the address given, and prints their outcomes as JSON. */
import { openClient } from '../../src/whatsapp/client.ts'

const whatsapp = openClient({ baseUrl: process.argv[2]!, version: 'v26.0' })
const town = { phoneNumberId: '200000000000019', accessToken: 'token-of-arnsberg' }
const outcomes: unknown[] = []
for (let n = 0; n < 3; n++) outcomes.push(await whatsapp.send(town, '{"to":"+4915112340001"}'))
await whatsapp.close()
console.log(JSON.stringify(outcomes))
