/** Where to go after signing in: only a place within this app, never another site. */
export function safeNext(next: unknown): { next?: string } {
  if (typeof next !== 'string' || !next.startsWith('/')) return {}
  // Browsers read both as the beginning of another host's name.
  if (next.startsWith('//') || next.includes('\\') || next.length > 2_000) return {}
  if (next === '/' || next.startsWith('/login') || next.startsWith('/setup')) return {}
  return { next }
}
