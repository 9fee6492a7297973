import { useSyncExternalStore } from 'react'

/** How dates and numbers are written; what is missing is as the browser does it. */
export interface Locale {
  /** A BCP 47 tag. */
  language?: string
  /** An IANA name. */
  timeZone?: string
}

let locale: Locale = {}
const listeners = new Set<() => void>()

export function currentLocale(): Locale {
  return locale
}

/** The same, for what has to be written anew when a person chooses otherwise. */
export function useLocale(): Locale {
  return useSyncExternalStore(subscribe, currentLocale)
}

/** Takes on what a person has chosen; empty means that of the browser. */
export function setLocale(chosen: { language: string; time_zone: string }) {
  const next = localeOf(chosen)
  if (next.language === locale.language && next.timeZone === locale.timeZone) return
  locale = next
  for (const listener of listeners) listener()
}

/** What this browser can do of what was chosen: the server may know zones and languages that it does not. */
export function localeOf({ language, time_zone }: { language: string; time_zone: string }): Locale {
  return {
    ...(isKnown({ language }) && { language }),
    ...(isKnown({ timeZone: time_zone }) && { timeZone: time_zone }),
  }
}

/** `12,000`, or `12.000`. */
export function numberText(number: number, { language } = locale): string {
  return number.toLocaleString(language)
}

function isKnown({ language, timeZone }: Locale): boolean {
  if (!language && !timeZone) return false
  try {
    new Intl.DateTimeFormat(language, { timeZone })
    return true
  } catch {
    return false
  }
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
