import { expect, test } from 'vitest'
import { entryDiff, otherDetail } from './difference'

test('a change is told field by field', () => {
  const detail = {
    name: 'Support',
    before: { name: 'Support', role: 'admin' },
    after: { name: 'Support', role: 'read-only' },
  }
  expect(entryDiff(detail)).toEqual([
    { mark: ' ', text: 'name: Support' },
    { mark: '-', text: 'role: admin' },
    { mark: '+', text: 'role: read-only' },
  ])
  expect(otherDetail(detail)).toEqual(['name: Support'])
})

test('what was made has no before, and lists are written out', () => {
  expect(entryDiff({ after: { groups: ['Ops', 'Support'], labels: {} } })).toEqual([
    { mark: '+', text: 'groups: Ops, Support' },
    { mark: '+', text: 'labels: {}' },
  ])
  expect(entryDiff({ scopes: [] })).toBeNull()
  expect(otherDetail({ scopes: [], expires_at: null })).toEqual(['expires_at: none', 'scopes: none'])
})
