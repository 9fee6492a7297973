import { firingText } from '../zones'

const instant = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?`
/** `2026-03-29T01:00:00Z is 2026-03-29T03:00:00+02:00 in Europe/Berlin`, or an instant alone. */
const told = new RegExp(`(${instant}Z)(?: is ${instant}[+-]\\d\\d:\\d\\d in [^\\s:]+)?`, 'g')

/** A sentence of the server's with its instants as times in a zone, written as elsewhere on the page. */
export function withTimes(sentence: string, format: { language?: string; timeZone: string }): string {
  return sentence.replace(told, (_, at: string) => firingText(new Date(at), format))
}
