import * as oidc from 'openid-client'
import type { Settings } from '../config.ts'
import type { Vault } from '../db/vault.ts'

/** The town's own way of signing in (Keycloak, Entra and others): OpenID Connect with PKCE. The second factor is the provider's affair. */
export interface TownSignIn {
  /** What people know it by, for the button. */
  label: string
  /** Where the browser goes, and what it must bring back. Rejects while the provider cannot be reached. */
  begin(): Promise<{ url: URL; kept: string }>
  /** The e-mail address that the provider vouches for; null if it does not, or the answer is not to our question. */
  finish(answer: URL, kept: string): Promise<string | null>
}

export const CALLBACK_PATH = '/office/anmelden/stadt/zurueck'

/** Null unless a provider is configured. The provider is asked for its addresses at the first use, so that it may be down when we start. */
export function openTownSignIn({ oidc: settings, publicUrl }: Settings, vault: Vault): TownSignIn | null {
  if (settings === null) return null
  const redirect = `${publicUrl}${CALLBACK_PATH}`
  let known: Promise<oidc.Configuration> | undefined
  const provider = (): Promise<oidc.Configuration> => {
    const issuer = new URL(settings.issuer)
    const plain = issuer.protocol === 'http:'
    known ??= oidc
      .discovery(issuer, settings.clientId, settings.clientSecret.reveal(), undefined, {
        timeout: 10,
        ...(plain ? { execute: [oidc.allowInsecureRequests] } : {}),
      })
      .catch((error) => {
        known = undefined
        throw error
      })
    return known
  }
  return {
    label: settings.name,
    async begin() {
      const config = await provider()
      const [state, nonce, verifier] = [oidc.randomState(), oidc.randomNonce(), oidc.randomPKCECodeVerifier()]
      const url = oidc.buildAuthorizationUrl(config, {
        redirect_uri: redirect,
        scope: 'openid email profile',
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      })
      return { url, kept: vault.seal(JSON.stringify({ state, nonce, verifier })) }
    },
    async finish(answer, kept) {
      try {
        const { state, nonce, verifier } = JSON.parse(vault.open(kept)) as Record<string, string>
        // Behind a proxy our own idea of the address counts, not the one that the request came with.
        const seen = new URL(redirect + answer.search)
        const tokens = await oidc.authorizationCodeGrant(await provider(), seen, {
          pkceCodeVerifier: verifier,
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
        })
        const claims = tokens.claims()
        const email = claims?.email
        return typeof email === 'string' && claims?.email_verified !== false ? email : null
      } catch {
        return null
      }
    },
  }
}
