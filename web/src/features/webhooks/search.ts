import type { DeliveryState } from '../../lib/api/types'

/** What is in the address of a webhook: which of its deliveries are shown. */
export interface DeliverySearch {
  state?: DeliveryState
}

export const deliveryStates: readonly DeliveryState[] = ['waiting', 'delivered', 'failed', 'dropped']

/** Reads the address; what is not a state is left out. */
export function parseDeliverySearch({ state }: Record<string, unknown>): DeliverySearch {
  const found = deliveryStates.find((each) => each === state)
  return found ? { state: found } : {}
}
