const beforeSignIn = ['/login', '/setup', '/invite']

/** Whether a page is for who is not signed in yet. */
export function isBeforeSignIn(pathname: string): boolean {
  return beforeSignIn.includes(pathname)
}

/** Where to go after signing in: only a place within this app, never another site. */
export function safeNext(next: unknown): { next?: string } {
  if (typeof next !== 'string' || !next.startsWith('/')) return {}
  // Browsers read both as the beginning of another host's name.
  if (next.startsWith('//') || next.includes('\\') || next.length > 2_000) return {}
  if (next === '/' || beforeSignIn.some((path) => next.startsWith(path))) return {}
  return { next }
}
