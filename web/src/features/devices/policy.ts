export interface PolicyRule {
  name: string
  /** What is allowed or refused, each on its own; empty means nothing. */
  values: string[]
}

const names: Record<string, string> = {
  allow_actions: 'Action types it runs',
  run_as: 'Users it runs them as',
  read_paths: 'Paths it lets read',
  deny_paths: 'Paths it never lets read',
  http_hosts: 'Hosts it calls',
  max_concurrent: 'Runs at a time',
  signers: 'Whose orders it takes',
}

/** The policy of a device's owner as a table: what is known first and in words, the rest as it is. */
export function readablePolicy(policy: Record<string, unknown>): PolicyRule[] {
  const known = Object.keys(names).filter((key) => key in policy)
  const others = Object.keys(policy).filter((key) => !(key in names))
  return [...known, ...others.sort()].map((key) => ({ name: names[key] ?? key, values: texts(policy[key]) }))
}

function texts(value: unknown): string[] {
  if (value === null || value === undefined) return []
  if (Array.isArray(value)) return value.flatMap(texts)
  return [typeof value === 'object' ? JSON.stringify(value) : String(value)]
}
