import type { SlotState } from '../../../lib/api/types'
import { isSlotState } from '../slot-words'

/** What is in the address of a schedule's page: which slots are shown. */
export interface SlotSearch {
  /** Its id. */
  device?: string
  state?: SlotState
}

export function parseSlotSearch({ device, state }: Record<string, unknown>): SlotSearch {
  return {
    ...(typeof device === 'string' && device !== '' && { device }),
    ...(isSlotState(state) && { state }),
  }
}
