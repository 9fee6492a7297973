import { expect, test } from 'vitest'
import { readablePolicy } from './policy'

test('a policy is told in words, and what is unknown is not hidden', () => {
  const policy = {
    signers: ['server'],
    run_as: ['taskey', 'nobody'],
    max_concurrent: 16,
    new_rule: { a: 1 },
    http_hosts: [],
  }
  expect(readablePolicy(policy)).toEqual([
    { name: 'Users it runs them as', values: ['taskey', 'nobody'] },
    { name: 'Hosts it calls', values: [] },
    { name: 'Runs at a time', values: ['16'] },
    { name: 'Whose orders it takes', values: ['server'] },
    { name: 'new_rule', values: ['{"a":1}'] },
  ])
})
