import { numberText } from './locale'

/** `1 device`, `2 devices`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${numberText(number)} ${number === 1 ? one : many}`
}

/** `web-1`, `web-1 and db-1`, `web-1, db-1 and 3 others`. */
export function someOf(names: readonly string[], shownMax = 2): string {
  if (names.length === 0) return 'nothing'
  if (names.length <= shownMax) return joined(names)
  const shown = names.slice(0, shownMax - 1)
  return `${shown.join(', ')} and ${count(names.length - shown.length, 'other')}`
}

function joined(names: readonly string[]): string {
  const last = names.at(-1) ?? ''
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${last}` : last
}
