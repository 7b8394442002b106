/** Name and attributes of the session cookie. Over https the `__Host-` prefix keeps other hosts of the town from setting it. */
export function sessionCookie(publicUrl: string): { name: string; attributes: string } {
  const secure = publicUrl.startsWith('https:')
  return {
    name: secure ? '__Host-whatsup' : 'whatsup',
    attributes: `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`,
  }
}

/** The `Set-Cookie` value that hands a session to the browser. */
export function setSessionCookie(publicUrl: string, token: string, expiresAt: Date, now: Date): string {
  const { name, attributes } = sessionCookie(publicUrl)
  const seconds = Math.max(0, Math.floor((expiresAt.getTime() - now.getTime()) / 1000))
  return `${name}=${token}; ${attributes}; Max-Age=${seconds}`
}

/** The `Set-Cookie` value that takes the session back from the browser. */
export function clearSessionCookie(publicUrl: string): string {
  const { name, attributes } = sessionCookie(publicUrl)
  return `${name}=; ${attributes}; Max-Age=0`
}

/** The session token in a `Cookie` header; null if there is none. */
export function readSessionCookie(publicUrl: string, header: string | undefined): string | null {
  const { name } = sessionCookie(publicUrl)
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim() || null
  }
  return null
}
