import { expect, test } from 'vitest'
import { labelPairs, parseLabels } from './label-text'

test('labels are read as key=value, and only the first = divides', () => {
  expect(parseLabels(['role=web', ' site = Berlin ', 'query=a=b', 'bare', '=nothing', ''])).toEqual({
    role: 'web',
    site: 'Berlin',
    query: 'a=b',
    bare: '',
  })
})

test('what is written is what was read', () => {
  const labels = { site: 'Berlin', role: 'web', bare: '' }
  expect(parseLabels(labelPairs(labels))).toEqual(labels)
  expect(labelPairs(labels)).toEqual(['bare', 'role=web', 'site=Berlin'])
})
