import type { SlotState } from '../../lib/api/types'
import type { TagTone } from '../../ui/tag'
import type { MarkKind } from './timeline/layout'

export const slotStates: readonly SlotState[] = ['fired', 'caught_up', 'skipped', 'missed']

const words: Record<MarkKind, string> = {
  fired: 'fired',
  failed: 'fired, then failed',
  caught_up: 'caught up',
  skipped: 'skipped',
  missed: 'missed',
  upcoming: 'to come',
}

const tones: Record<SlotState, TagTone> = {
  fired: 'good',
  caught_up: 'active',
  skipped: 'neutral',
  missed: 'bad',
}

export function slotWord(kind: MarkKind): string {
  return words[kind]
}

export function slotTone(state: SlotState): TagTone {
  return tones[state]
}

export function isSlotState(word: unknown): word is SlotState {
  return slotStates.some((state) => state === word)
}
