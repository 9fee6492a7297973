import { expect, test } from 'vitest'
import { actionFacts, actionText, actionTitle } from './action-words'

test('a request reads as it goes over the wire, without its secrets', () => {
  const action = {
    type: 'HTTP_REQUEST' as const,
    request_method: 'POST' as const,
    request_url: 'https://example.org/hook',
    headers: ['Accept: */*', { key: 'Authorization', secret: 'api' }],
    form: [{ key: 'a', value: 'b' }],
    expect_status: [200, 204],
    follow_redirects: true,
  }
  expect(actionTitle(action)).toBe('Web request')
  expect(actionText(action)).toBe(
    'POST https://example.org/hook\nAccept: */*\nAuthorization: (secret api)\n\na=b',
  )
  expect(actionFacts(action)).toEqual([
    { name: 'Succeeds with', value: '200, 204' },
    { name: 'Redirections', value: 'followed' },
  ])
})

test('a file is its path, and a script names its interpreter', () => {
  expect(actionText({ type: 'READ_FILE', path: '/etc/hostname', max_bytes: 10 })).toBe('/etc/hostname')
  expect(actionFacts({ type: 'READ_FILE', path: '/etc/hostname', max_bytes: 10 })).toEqual([
    { name: 'At most', value: '10 bytes' },
  ])
  expect(actionTitle({ type: 'SCRIPT', content: 'x' })).toBe('Script for /bin/sh')
})
