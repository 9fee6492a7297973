export interface Fact {
  name: string
  value: string
}

const names: Record<string, string> = {
  os: 'Operating system',
  distribution: 'Distribution',
  distribution_version: 'Distribution version',
  kernel: 'Kernel',
  arch: 'Processor type',
  hostname: 'Host name',
  cpus: 'Processors',
  memory_bytes: 'Memory',
  agent_user: 'Agent runs as',
}

/** A device's facts in the words of people, the known ones first. */
export function readableFacts(facts: Record<string, string>): Fact[] {
  const known = Object.keys(names).filter((key) => key in facts)
  const others = Object.keys(facts)
    .filter((key) => !(key in names))
    .sort()
  return [...known, ...others].map((key) => ({
    name: names[key] ?? key,
    value: readable(key, facts[key] ?? ''),
  }))
}

/** `17179869184` as `16 GiB`. */
export function bytesLabel(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${value >= 10 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

function readable(key: string, value: string): string {
  const bytes = Number(value)
  return key.endsWith('_bytes') && value !== '' && Number.isFinite(bytes) ? bytesLabel(bytes) : value
}
