import { expect, test } from 'vitest'
import { ApiProblem } from '../../../lib/api/problem'
import { lineOf, nameOfFile, placeOfLine, problemsOf, specOf } from './calendar-form'

const invalid = (...errors: [string, string][]) =>
  new ApiProblem({
    status: 422,
    code: 'invalid',
    detail: 'Some fields are wrong',
    errors: errors.map(([pointer, detail]) => ({ pointer, detail })),
  })

test('every wrong line stays a problem of its own', () => {
  const { fields, rest } = problemsOf(invalid(['/content', 'line 2: no day'], ['/content', 'line 5: no day']))
  expect(fields.content).toEqual(['line 2: no day', 'line 5: no day'])
  expect(rest).toEqual([])
})

test('a problem goes to its field, and what has none is told with its place', () => {
  const { fields, rest } = problemsOf(invalid(['/name', 'too long'], ['/color', 'unknown'], ['', 'wrong']))
  expect(fields.name).toEqual(['too long'])
  expect(rest).toEqual(['/color: unknown', 'wrong'])
})

test('a name that is taken is a problem of the name', () => {
  const taken = new ApiProblem({ status: 409, code: 'name_taken', detail: 'Another calendar is called so.' })
  expect(problemsOf(taken).fields.name).toEqual(['Another calendar is called so.'])
})

test('a problem says its line, and the line has its place in the text', () => {
  expect(lineOf('line 12: there is no day `2026-13-01`')).toEqual({ number: 12, words: 'line 12' })
  expect(lineOf('the file ends within an event')).toBeNull()
  const text = 'one\ntwo\nthree'
  const lineAt = (line: number) => {
    const { from, until } = placeOfLine(text, line)
    return text.slice(from, until)
  }
  expect(lineAt(2)).toBe('two')
  expect(lineAt(3)).toBe('three')
  expect(placeOfLine(text, 9)).toEqual({ from: text.length, until: text.length })
})

test('a file gives its calendar a name that a calendar may have', () => {
  expect(nameOfFile('Feiertage 2027.ics')).toBe('Feiertage-2027')
  expect(nameOfFile('freeze.txt')).toBe('freeze')
  expect(nameOfFile('(1).ics')).toBe('1')
  expect(nameOfFile('休日.ics')).toBe('休日')
})

test('what is left empty is left out', () => {
  expect(specOf({ name: ' holidays ', description: ' ', content: '2026-12-25 Christmas\n' })).toEqual({
    name: 'holidays',
    content: '2026-12-25 Christmas\n',
  })
})
