import { ApiProblem, problemText } from '../../../lib/api/problem'
import type { Calendar, CalendarSpec } from '../../../lib/api/types'

/** What a person has filled in for a calendar; fields are named as in the API. */
export interface CalendarForm {
  name: string
  description: string
  content: string
}

export type CalendarField = keyof CalendarForm

export const emptyForm: CalendarForm = { name: '', description: '', content: '' }

export function formOf({ name, description, content }: Calendar): CalendarForm {
  return { name, description, content: content ?? '' }
}

export function specOf({ name, description, content }: CalendarForm): CalendarSpec {
  return { name: name.trim(), ...(description.trim() && { description: description.trim() }), content }
}

/** Problems of fields, several of each: every wrong line of the content is one. */
export interface CalendarProblems {
  fields: Readonly<Record<CalendarField, readonly string[]>>
  /** What belongs to no field. */
  rest: readonly string[]
}

export const noProblems: CalendarProblems = { fields: { name: [], description: [], content: [] }, rest: [] }

export function problemsOf(error: unknown): CalendarProblems {
  if (!error) return noProblems
  if (!(error instanceof ApiProblem)) return { ...noProblems, rest: [problemText(error)] }
  if (error.code === 'name_taken') return withField('name', [error.message])
  // It has a place and words of its own.
  if (error.code === 'precondition_failed') return noProblems
  if (error.code === 'body_too_large') return withField('content', [tooLarge])
  if (error.errors.length === 0) return { ...noProblems, rest: [problemText(error)] }
  const of = (field: CalendarField) =>
    error.errors.filter(({ pointer }) => pointer === `/${field}`).map(({ detail }) => detail)
  const fields = { name: of('name'), description: of('description'), content: of('content') }
  const rest = error.errors.filter(({ pointer }) => !(pointer.slice(1) in fields))
  return { fields, rest: rest.map(({ pointer, detail }) => (pointer ? `${pointer}: ${detail}` : detail)) }
}

function withField(field: CalendarField, details: readonly string[]): CalendarProblems {
  return { ...noProblems, fields: { ...noProblems.fields, [field]: details } }
}

/** As the server has it. */
export const contentBytesMax = 4 * 1024 * 1024
export const tooLarge = 'It is larger than 4 MiB.'

/** The line that a problem of the content is about, and the words that begin the problem with it; null where it is about none. */
export function lineOf(problem: string): { number: number; words: string } | null {
  const found = /^line (\d+)\b/i.exec(problem)
  return found && { number: Number(found[1]), words: found[0] }
}

/** Where a line begins and ends in a text; the first line is 1. */
export function placeOfLine(text: string, line: number): { from: number; until: number } {
  const lines = text.split('\n')
  const before = lines.slice(0, line - 1)
  const from = Math.min(
    text.length,
    before.reduce((sum, each) => sum + each.length + 1, 0),
  )
  return { from, until: from + (lines[line - 1]?.length ?? 0) }
}

/** A name for a calendar that comes from a file: `Feiertage 2027.ics` becomes `Feiertage-2027`. */
export function nameOfFile(file: string): string {
  return file
    .replace(/\.[a-z]{1,5}$/i, '')
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '')
    .slice(0, 64)
}
