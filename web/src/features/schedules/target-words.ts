import type { Schedule, Targets } from '../../lib/api/types'
import { count, someOf } from '../../lib/words'

/** How many devices a schedule is for: where they keep it that is known, else it is as it was written. */
export function targetWords({
  device_count,
  spec,
  state,
}: Pick<Schedule, 'device_count' | 'spec' | 'state'>): string {
  if (spec.where === 'server' || state !== 'active') return writtenTargets(spec.targets)
  return count(device_count, 'device')
}

/** Targets as they were written: `the devices of production and web-1`. */
export function writtenTargets({ devices = [], groups = [], selector }: Targets): string {
  const names = [
    ...groups.map((group) => `the devices of ${group}`),
    ...(selector ? [`the devices with ${selector}`] : []),
    ...devices,
  ]
  return someOf(names, 3)
}

/** Whether a text is found in a schedule. */
export function matchesSearch(
  schedule: Pick<Schedule, 'name' | 'words' | 'task' | 'spec'>,
  search: string,
): boolean {
  const { name, words, task, spec } = schedule
  const text = [name, words, task.name, spec.description ?? ''].join('\n').toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
