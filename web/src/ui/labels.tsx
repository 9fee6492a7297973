import classes from './labels.module.css'

/** Labels as small tags, sorted by key. */
export function LabelTags({ labels }: { labels: Record<string, string> }) {
  const pairs = Object.entries(labels).sort(([one], [other]) => one.localeCompare(other))
  if (pairs.length === 0) return null
  return <Tags label="Labels" words={pairs.map(([key, value]) => (value === '' ? key : `${key}=${value}`))} />
}

/** Names of groups as small tags, as they come. */
export function GroupTags({ label, names }: { label: string; names: readonly string[] }) {
  return names.length > 0 && <Tags label={label} words={names} isGroups />
}

interface TagsProps {
  label: string
  words: readonly string[]
  isGroups?: boolean
}

function Tags({ label, words, isGroups }: TagsProps) {
  return (
    <ul className={classes.tags} aria-label={label} data-groups={isGroups}>
      {words.map((word) => (
        <li key={word} className={classes.tag}>
          {word}
        </li>
      ))}
    </ul>
  )
}
