import type { Device } from '../../lib/api/types'

/** Whether every word of `text` is somewhere in the device's name, labels or groups. */
export function matchesSearch(device: Pick<Device, 'name' | 'labels' | 'groups'>, text: string): boolean {
  const labels = Object.entries(device.labels).map(([key, value]) => `${key}=${value}`)
  const known = [device.name, ...labels, ...device.groups].join('\n').toLowerCase()
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => known.includes(word))
}
