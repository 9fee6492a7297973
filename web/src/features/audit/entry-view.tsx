import { Button, Text } from '@mantine/core'
import { useId, useState } from 'react'
import type { AuditEntry } from '../../lib/api/types'
import { DiffText } from '../../ui/diff-text'
import { ClosedIcon, OpenIcon } from '../../ui/icons'
import { ExactMoment, Moment } from '../../ui/moment'
import { Tag } from '../../ui/tag'
import { CodeText } from '../../ui/text'
import { entryDiff, otherDetail } from './difference'
import classes from './entry-view.module.css'
import { SubjectLink } from './subject-link'
import { isRefused, kindWords, whatWords } from './words'

/** One entry: who did what, when and from where; opened, what it changed. */
export function EntryView({ entry }: { entry: AuditEntry }) {
  const [isOpen, setOpen] = useState(false)
  const id = useId()
  const kind = kindWords(entry.actor)
  return (
    <>
      <div className={classes.line}>
        <span className={classes.what}>
          {isRefused(entry) && <Tag tone="bad">refused</Tag>} <b>{entry.actor.name || entry.actor.kind}</b>{' '}
          {whatWords(entry)}
          {isRefused(entry) && <TriedWords entry={entry} />}
        </span>
        <span className={classes.when}>
          <Moment at={entry.at} />
        </span>
      </div>
      <div className={classes.line}>
        <span className={classes.facts}>
          {[kind, entry.address && `from ${entry.address}`].filter(Boolean).join(' · ')}
          {(kind || entry.address) && ' · '}
          <SubjectLink subject={entry.subject} />
        </span>
        <Button
          variant="transparent"
          size="compact-xs"
          aria-expanded={isOpen}
          aria-controls={id}
          aria-label={`Details of: ${entry.actor.name} ${whatWords(entry)}`}
          leftSection={isOpen ? <OpenIcon size={13} /> : <ClosedIcon size={13} />}
          onClick={() => setOpen(!isOpen)}
        >
          Details
        </Button>
      </div>
      <div id={id}>{isOpen && <EntryDetails entry={entry} />}</div>
    </>
  )
}

function TriedWords({ entry: { detail } }: { entry: AuditEntry }) {
  return typeof detail.tried === 'string' && <CodeText>{` \`${detail.tried}\``}</CodeText>
}

function EntryDetails({ entry }: { entry: AuditEntry }) {
  const diff = entryDiff(entry.detail)
  const others = otherDetail(entry.detail)
  return (
    <div className={classes.details}>
      {typeof entry.detail.why === 'string' && (
        <Text size="sm">
          <CodeText>{entry.detail.why}</CodeText>
        </Text>
      )}
      {diff && diff.length > 0 && (
        <DiffText label="What it changed" lines={diff} words={{ '+': 'now', '-': 'before' }} />
      )}
      <ul className={classes.more}>
        <li>
          <ExactMoment at={entry.at} />
        </li>
        <li>{entry.action}</li>
        {others.map((line) => (
          <li key={line}>{line}</li>
        ))}
        {entry.request && <li>request: {entry.request}</li>}
        <li>{typeof entry.seq !== 'number' ? 'not sealed yet' : `entry ${entry.seq} of the chain`}</li>
        {entry.hash && <li>hash: {entry.hash}</li>}
      </ul>
    </div>
  )
}
