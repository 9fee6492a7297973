import classes from './labels.module.css'

/** Labels as small tags, sorted by key. */
export function LabelTags({ labels }: { labels: Record<string, string> }) {
  const pairs = Object.entries(labels).sort(([one], [other]) => one.localeCompare(other))
  if (pairs.length === 0) return null
  return (
    <ul className={classes.tags} aria-label="Labels">
      {pairs.map(([key, value]) => (
        <li key={key} className={classes.tag}>
          {value === '' ? key : `${key}=${value}`}
        </li>
      ))}
    </ul>
  )
}
