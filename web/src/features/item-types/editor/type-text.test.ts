import { expect, test } from 'vitest'
import { ApiProblem } from '../../../lib/api/problem'
import { readYaml } from '../../../lib/draft/yaml-text'
import { checkProblems, newTypeText, saveProblems } from './type-text'

const invalid = (...pointers: string[]) =>
  new ApiProblem({
    status: 422,
    code: 'invalid',
    detail: 'Some fields are wrong',
    errors: pointers.map((pointer) => ({ pointer, detail: 'wrong' })),
  })
const text = 'name: refund\ntitle: Refund\nfields:\n  properties:\n    order: {}\nresolutions:\n  done: {}\n'

test('what a check says of the text has its line, and what it says of the tried item is told apart', () => {
  expect(
    checkProblems(invalid('/spec/title', '/spec/fields/properties/order', '/fields/order'), text),
  ).toEqual({
    text: [
      { line: 2, detail: '/title: wrong' },
      { line: 5, detail: '/fields/properties/order: wrong' },
    ],
    sample: ['order: wrong'],
  })
})

test('what saving says of the fields is about the text', () => {
  expect(saveProblems(invalid('/fields/properties/order'), text)).toEqual([
    { line: 5, detail: '/fields/properties/order: wrong' },
  ])
})

test('a taken name is told at the name, and a change by somebody else elsewhere', () => {
  const problem = (code: string) =>
    new ApiProblem({ status: 409, code, detail: 'Another type is called so.' })
  expect(saveProblems(problem('name_taken'), text)).toEqual([
    { line: 1, detail: '/name: Another type is called so.' },
  ])
  expect(saveProblems(problem('precondition_failed'), text)).toEqual([])
  expect(saveProblems(null, text)).toEqual([])
})

test('a new type begins with something that can be read', () => {
  expect(readYaml(newTypeText)).toMatchObject({ value: { name: 'refund', resolutions: { approve: {} } } })
})
