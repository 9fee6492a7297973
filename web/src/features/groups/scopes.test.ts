import { expect, test } from 'vitest'
import type { Group } from '../../lib/api/types'
import { choicesOf, scopesOf, setRole, superFirst } from './scopes'

const production = { id: 'dgr_1', name: 'production' }
const staging = { id: 'dgr_2', name: 'staging' }
const support: Pick<Group, 'role' | 'overrides'> = {
  role: 'admin',
  overrides: [{ device_group: production, role: 'read-only' }],
}

test('a group has its role everywhere, and another where that is overridden', () => {
  const scopes = scopesOf([production, staging])
  expect(scopes.map((scope) => [scope.name, setRole(support, scope)])).toEqual([
    ['Everywhere', 'admin'],
    ['production', 'read-only'],
    ['staging', 'inherit'],
  ])
})

test('inheriting says what it comes to, and is no choice where there is nothing to inherit from', () => {
  const [everywhere, there] = scopesOf([production])
  expect(choicesOf(support, there ?? production)[0]).toEqual({ value: 'inherit', label: 'Inherit (admin)' })
  expect(choicesOf(support, everywhere ?? production).map(({ value }) => value)).toEqual([
    'none',
    'read-only',
    'self-service',
    'admin',
  ])
})

test('the super users stand first and the others keep their order', () => {
  const groups = [
    { name: 'Ops', super: false },
    { name: 'super', super: true },
    { name: 'Support', super: false },
  ]
  expect(superFirst(groups).map(({ name }) => name)).toEqual(['super', 'Ops', 'Support'])
})
