import { expect, test } from 'vitest'
import type { Group } from '../../lib/api/types'
import { choicesOf, scopesOf, setRole, superFirst } from './scopes'

const production = { id: 'dgr_1', name: 'production' }
const staging = { id: 'dgr_2', name: 'staging' }
const refund = { id: 'ity_1', name: 'refund' }
const support: Pick<Group, 'role' | 'overrides' | 'item_overrides'> = {
  role: 'admin',
  overrides: [{ device_group: production, role: 'read-only' }],
  item_overrides: [{ item_type: refund, role: 'none' }],
}

test('a group has its role everywhere, and another where that is overridden', () => {
  const scopes = scopesOf([production, staging])
  expect(scopes.map((scope) => [scope.name, setRole(support, scope)])).toEqual([
    ['Everywhere', 'admin'],
    ['production', 'read-only'],
    ['staging', 'inherit'],
  ])
})

test('items of a type are a place of their own, which a device group of the same name is not', () => {
  const scopes = scopesOf([{ id: 'dgr_3', name: 'refund' }], [refund])
  expect(scopes.map((scope) => [scope.name, setRole(support, scope)])).toEqual([
    ['Everywhere', 'admin'],
    ['refund', 'inherit'],
    ['Items: refund', 'none'],
  ])
})

test('inheriting says what it comes to, and is no choice where there is nothing to inherit from', () => {
  const [everywhere, there] = scopesOf([production]).map((scope) => choicesOf(support, scope))
  expect(there?.[0]).toEqual({ value: 'inherit', label: 'Inherit (admin)' })
  expect(everywhere?.map(({ value }) => value)).toEqual(['none', 'read-only', 'self-service', 'admin'])
})

test('the super users stand first and the others keep their order', () => {
  const groups = [
    { name: 'Ops', super: false },
    { name: 'super', super: true },
    { name: 'Support', super: false },
  ]
  expect(superFirst(groups).map(({ name }) => name)).toEqual(['super', 'Ops', 'Support'])
})
