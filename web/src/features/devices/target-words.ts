import type { Targets, TargetsPreview } from '../../lib/api/types'
import { numberText } from '../../lib/locale'
import { count } from '../../lib/words'

export type TargetField = 'devices' | 'groups' | 'selector'

/** What targets are chosen for: a run is for what they are now, a schedule also for what they come to be. */
export type Purpose = 'run' | 'schedule'

/** Devices that one run may have. */
const targetsMax = 10_000

/** The field that shows a problem of the server's with targets. */
export function targetFieldOf(pointer: string): TargetField | null {
  if (!/^\/targets(\/|$)/.test(pointer)) return null
  if (pointer.startsWith('/targets/groups')) return 'groups'
  if (pointer.startsWith('/targets/selector')) return 'selector'
  return 'devices'
}

/** Targets as the server takes them: without what was left empty. */
export function toTargets({ devices = [], groups = [], selector }: Targets): Targets {
  const written = selector?.trim()
  return {
    ...(devices.length > 0 && { devices: [...devices] }),
    ...(groups.length > 0 && { groups: [...groups] }),
    ...(written && { selector: written }),
  }
}

/** Whether anything is named at all. */
export function isAnyNamed(targets: Targets): boolean {
  return Object.keys(toTargets(targets)).length > 0
}

/** `12 devices, 3 offline`; with other targets besides the selector it is said that they are counted as well. */
export function previewSentence(
  preview: Pick<TargetsPreview, 'count' | 'online'>,
  { devices = [], groups = [] }: Targets = {},
): string {
  if (preview.count > targetsMax) return `More than ${numberText(targetsMax)} devices`
  const altogether = devices.length + groups.length > 0 ? ' altogether' : ''
  const offline = preview.count - preview.online
  const devicesText = `${count(preview.count, 'device')}${altogether}`
  if (offline === 0) return devicesText
  return offline === preview.count && offline > 1
    ? `${devicesText}, all offline`
    : `${devicesText}, ${numberText(offline)} offline`
}

/** `web-1 and 3 others`: where one may not start it. */
export function refusedNames(preview: Pick<TargetsPreview, 'refused' | 'refused_count'>): string {
  const [first] = preview.refused
  if (!first) return ''
  const others = preview.refused_count - 1
  return others === 0 ? first.name : `${first.name} and ${count(others, 'other')}`
}
