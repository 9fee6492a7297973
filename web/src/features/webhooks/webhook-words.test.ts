import { expect, test } from 'vitest'
import { attemptWords, keyWords, ownKeyTold, purposeWords, triesWords } from './webhook-words'

test('a webhook says in a line what it does', () => {
  expect(
    purposeWords({
      spec: { url: 'https://shop.example/hook', types: ['refund'], events: ['item.resolved'] },
    }),
  ).toBe('tells shop.example of refund (resolved)')
  expect(purposeWords({ spec: { url: 'https://shop.example/', filter: 'amount>100' } })).toBe(
    'tells shop.example of all items where amount>100',
  )
  expect(purposeWords({ spec: { inbound: { type: 'flag', fields: {} } } })).toBe('takes in posts as flag')
  expect(purposeWords({ spec: { url: 'https://a.example', inbound: { type: 'flag', fields: {} } } })).toBe(
    'tells a.example of all items, and takes in posts as flag',
  )
  expect(purposeWords({ spec: {} })).toBe('does nothing yet')
})

test('a try says what was answered, or why nothing was', () => {
  expect(attemptWords({ status: 500, error: null, duration_ms: 1_200 })).toBe('answered 500 after 1.2 s')
  expect(attemptWords({ status: null, error: 'connection refused', duration_ms: 4 })).toBe(
    'connection refused after 4 ms',
  )
  expect(triesWords({ attempt_count: 0 })).toBe('not tried yet')
  expect(triesWords({ attempt_count: 2 })).toBe('2 tries')
})

test('a public key of an application signs nothing here', () => {
  expect(keyWords({ signing: 'ed25519', imported: true })).toBe(
    'Ed25519 (v1a): verifies what the application posts',
  )
  expect(keyWords({ signing: 'ed25519', imported: false })).toMatch(/^Ed25519.*the receiver holds/)
  expect(keyWords({ signing: 'hmac', imported: true })).toMatch(/^HMAC/)
})

test('what an application’s own key is good for is told by what the webhook does', () => {
  const inbound_url = 'https://taskey.example/in/whk_1'
  const spec = { url: 'https://shop.example/hook' }
  const its = 'The webhook has the application’s own key.'
  expect(ownKeyTold({ inbound_url, spec: {} })).toBe(`${its} Posts that are signed with it are taken in now.`)
  expect(ownKeyTold({ inbound_url, spec })).toBe(
    `${its} Posts that are signed with it are taken in now. Deliveries are signed with it.`,
  )
  expect(ownKeyTold({ inbound_url: null, spec })).toBe(`${its} Deliveries are signed with it.`)
})
