import type { ScheduleState, SlotState } from '../../lib/api/types'
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
  blocked: 'blocked',
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

/** What somebody asks who looks at a slot. */
export function slotQuestion(state: SlotState): string {
  if (state === 'fired') return 'What happened?'
  return state === 'caught_up' ? 'Why was it late?' : 'Why did it not fire?'
}

/** What somebody asks who looks at a schedule. */
export function scheduleQuestion(state: ScheduleState): string {
  return state === 'active' ? 'What does it wait for?' : 'Why does it not fire?'
}
