import { createHash, createSign, generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface IdentityProvider {
  issuer: string
  /** Who signs in next, with what the provider knows about them. */
  person: { email: string; email_verified?: boolean }
  /** What a browser gets for our question: the address to go back to. */
  answer(question: URL): URL
  close(): Promise<void>
}

const CLIENT = { id: 'whatsup', secret: 'client-secret' }
export const oidcEnvironment = (issuer: string) => ({
  OIDC_ISSUER: issuer,
  OIDC_CLIENT_ID: CLIENT.id,
  OIDC_CLIENT_SECRET: CLIENT.secret,
  OIDC_NAME: 'dem Konto der Stadt',
})

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A small OpenID provider on loopback that insists on PKCE and its client's secret. */
export async function openIdentityProvider(): Promise<IdentityProvider> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const grants = new Map<string, { challenge: string; nonce: string; person: object }>()
  let issuer = ''
  const server = createServer(async (request, response) => {
    const json = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    const path = request.url?.split('?')[0]
    if (path === '/.well-known/openid-configuration')
      return json(200, {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      })
    if (path === '/keys')
      return json(200, { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }] })
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const form = new URLSearchParams(Buffer.concat(chunks).toString())
    const grant = grants.get(form.get('code') ?? '')
    grants.delete(form.get('code') ?? '')
    const proof = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    const basic = Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')
    const known = form.get('client_secret') === CLIENT.secret || request.headers.authorization === `Basic ${basic}`
    if (!grant || proof !== grant.challenge || !known) return json(400, { error: 'invalid_grant' })
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: issuer,
      aud: CLIENT.id,
      sub: 'one',
      iat: now,
      exp: now + 60,
      nonce: grant.nonce,
      ...grant.person,
    }
    const unsigned = `${encoded({ alg: 'RS256', kid: 'one' })}.${encoded(claims)}`
    const signature = createSign('RSA-SHA256').update(unsigned).sign(privateKey, 'base64url')
    return json(200, { access_token: 'none', token_type: 'Bearer', id_token: `${unsigned}.${signature}` })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider: IdentityProvider = {
    issuer,
    person: { email: 'anna@localhost' },
    answer(question) {
      const code = randomUUID()
      const asked = question.searchParams
      if (asked.get('code_challenge_method') !== 'S256') throw new Error('no PKCE')
      grants.set(code, { challenge: asked.get('code_challenge')!, nonce: asked.get('nonce')!, person: provider.person })
      const back = new URL(asked.get('redirect_uri')!)
      back.searchParams.set('code', code)
      back.searchParams.set('state', asked.get('state')!)
      return back
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
  return provider
}
