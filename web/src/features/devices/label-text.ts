export type Labels = Record<string, string>

/** Reads labels written as `key=value`; the last of a repeated key counts. */
export function parseLabels(pairs: readonly string[]): Labels {
  const labels: Labels = {}
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const key = (at < 0 ? pair : pair.slice(0, at)).trim()
    if (key !== '') labels[key] = at < 0 ? '' : pair.slice(at + 1).trim()
  }
  return labels
}

/** Writes labels as `key=value`, sorted. */
export function labelPairs(labels: Labels): string[] {
  return Object.entries(labels)
    .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
    .sort()
}
