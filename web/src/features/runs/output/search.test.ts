import { expect, test } from 'vitest'
import { OutputLines } from './lines'
import { finder, numberAt, placeOf } from './search'

const linesOf = (text: string) => {
  const lines = new OutputLines()
  lines.append(0, 'output', new TextEncoder().encode(text))
  return lines
}
const rowsOf = (text: string) => [...linesOf(text).rows]
const places = (text: string, query: string) => {
  const found = finder(query)(rowsOf(text))
  return Array.from({ length: found.count }, (_, number) => {
    const { row, start } = placeOf(found, number)
    return `${row}:${start}`
  })
}

test('every match is found in its order, whatever the case', () => {
  expect(places('an Error\nfine\nerror, ERROR\n\nno terror\n', 'error')).toEqual(['0:3', '2:0', '2:7', '4:4'])
})

test('the query is plain text', () => {
  expect(places('a.c abc [x] (y|z)\n', 'a.c')).toEqual(['0:0'])
  expect(places('a.c abc [x] (y|z)\n', '[x] (y|z)')).toEqual(['0:8'])
  expect(places('C:\\dir/{1}^$*+?\n', '\\dir/{1}^$*+?')).toEqual(['0:2'])
})

test('letters of other alphabets have cases too, and none moves the place', () => {
  expect(places('İ ÜBER über\n', 'über')).toEqual(['0:2', '0:7'])
})

test('matches do not overlap', () => {
  expect(places('aaaaa\n', 'aa')).toEqual(['0:0', '0:2'])
})

test('a match goes over a change of style', () => {
  expect(places('a \u001b[31mwa\u001b[32mrn\u001b[0ming\n', 'warning')).toEqual(['0:2'])
})

test('nothing is found by nothing', () => {
  expect(places('a\n', '')).toEqual([])
})

test('output that arrives later is searched too, also where it goes on in an old row', () => {
  const lines = linesOf('error one\nend of an err')
  const find = finder('error')
  expect(find([...lines.rows]).count).toBe(1)
  lines.append(0, 'output', new TextEncoder().encode('or\nanother error\n'))
  const found = find([...lines.rows])
  expect(found.count).toBe(3)
  expect(placeOf(found, 1)).toEqual({ row: 1, start: 10 })
})

test('rows that have not changed are not read again', () => {
  const rows = rowsOf('error\nerror\n')
  const find = finder('error')
  const before = find(rows)
  const after = find([...rows, ...rowsOf('error\n')])
  expect(after.starts[0]).toBe(before.starts[0])
  expect(after.count).toBe(3)
})

test('other rows give other matches, also with the same query', () => {
  const find = finder('x')
  expect(find(rowsOf('x\nx\n')).count).toBe(2)
  expect(find(rowsOf('y\nx\n')).count).toBe(1)
  expect(find([]).count).toBe(0)
})

test('one goes on at a place with the next match, and after the last with the first', () => {
  const found = finder('x')(rowsOf('x\n..x.x\n\nx\n'))
  expect([0, 1, 2, 3].map((number) => numberAt(found, placeOf(found, number)))).toEqual([0, 1, 2, 3])
  expect(numberAt(found, { row: 1, start: 0 })).toBe(1)
  expect(numberAt(found, { row: 1, start: 3 })).toBe(2)
  expect(numberAt(found, { row: 2, start: 0 })).toBe(3)
  expect(numberAt(found, { row: 3, start: 1 })).toBe(0)
  expect(numberAt(found, { row: 9, start: 0 })).toBe(0)
  expect(numberAt(finder('z')(rowsOf('x\n')), { row: 0, start: 0 })).toBeNull()
})
