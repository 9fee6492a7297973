/** Where nothing can be meant but a place on this server. */
const here = 'https://here.invalid'

/**
 * The address of what somebody posted as a link; null for what no link may be made of: another scheme than http and https (`javascript:`,
 * `data:`), and what is no whole address. A path of this server begins with one slash.
 */
export function safeLink(text: string): string | null {
  const trimmed = text.trim()
  if (trimmed.startsWith('/')) return pathHere(trimmed)
  if (!/^https?:\/\//i.test(trimmed)) return null
  const address = parsed(trimmed)
  return address && (address.protocol === 'https:' || address.protocol === 'http:') ? address.href : null
}

/** The address of a picture to show: only from this server or over https, and only where its name says that it is one. */
export function safePicture(text: string, isSaidToBe = false): string | null {
  const link = safeLink(text)
  if (!link || link.startsWith('http:')) return null
  const path = parsed(link, here)?.pathname ?? ''
  return isSaidToBe || /\.(png|jpe?g|gif|webp|avif|svg)$/i.test(path) ? link : null
}

/** Browsers read a second slash, a backslash or what they skip between as the beginning of another host's name. */
function pathHere(text: string): string | null {
  const address = parsed(text, here)
  if (!address || address.origin !== here) return null
  return address.pathname + address.search + address.hash
}

function parsed(text: string, base?: string): URL | null {
  return URL.canParse(text, base) ? new URL(text, base) : null
}
