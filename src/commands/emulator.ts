import { runEmulator } from '../emulator/emulator.ts'
import { parse, type Run, WrongUsage } from './command.ts'
import { channelsFrom, settingsFrom } from './open.ts'

/** `emulator [--port P]`: plays Meta for the channels of this installation, and posts webhooks to the service's PUBLIC_URL. */
export const run: Run = async (args, io) => {
  const { options } = parse(args, { port: { type: 'string' } })
  const port = Number(options.port ?? 4000)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new WrongUsage('--port must be a number from 0 to 65535.')
  const settings = settingsFrom(io.env)
  const accounts = [...channelsFrom(settings.channelsDir, io.env).values()].map(({ name, whatsapp }) => ({
    name,
    businessAccountId: whatsapp.businessAccountId,
    phoneNumberId: whatsapp.phoneNumberId,
    displayPhoneNumber: whatsapp.phoneNumber,
    accessToken: whatsapp.accessToken.reveal(),
    messagesPerSecond: whatsapp.messagesPerSecond,
  }))
  await runEmulator(
    {
      port,
      host: settings.host,
      appSecret: settings.whatsapp.appSecrets[0]!.reveal(),
      verifyToken: settings.whatsapp.verifyToken.reveal(),
      webhookUrl: `${settings.publicUrl}/webhooks/whatsapp`,
      accounts,
    },
    io.signal,
    ({ url }) => io.out(url),
  )
  return 0
}
