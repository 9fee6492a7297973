import { expect, test } from 'vitest'
import { parseDeliverySearch } from './search'

test('an address names the state of deliveries, and what is none is left out', () => {
  expect(parseDeliverySearch({ state: 'failed', page: 2 })).toEqual({ state: 'failed' })
  expect(parseDeliverySearch({ state: 'lost' })).toEqual({})
})
