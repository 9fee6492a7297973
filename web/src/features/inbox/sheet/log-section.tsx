import { Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { type RefObject, useEffect } from 'react'
import type { Item, LogEntry } from '../../../lib/api/types'
import { ListAnswer } from '../../../ui/answers'
import { DiffText } from '../../../ui/diff-text'
import { Moment } from '../../../ui/moment'
import { Question } from '../../../ui/question'
import { Section } from '../../../ui/section'
import { Tag } from '../../../ui/tag'
import { ActionButton } from '../../access/action-button'
import { isInternal, logDiff, logSentence, logText } from '../log-words'
import { itemLog } from '../queries'
import { useStateLabel } from '../use-state-label'
import { CommentBox } from './comment-box'
import classes from './log-section.module.css'
import { whatMay } from './what-may'

interface LogSectionProps {
  item: Item
  comment: RefObject<HTMLTextAreaElement | null>
}

/** All that happened to an item, the newest first, and the place to say something. */
export function LogSection({ item, comment }: LogSectionProps) {
  const stateLabel = useStateLabel()
  const query = useInfiniteQuery(itemLog(item.id))
  const { hasNextPage, isFetching, isError, fetchNextPage } = query
  useEffect(() => {
    if (hasNextPage && !isFetching && !isError) void fetchNextPage()
  }, [hasNextPage, isFetching, isError, fetchNextPage])
  const entries = query.data?.pages.flatMap((page) => page.items)
  return (
    <Section title="What happened">
      <div className={classes.write}>
        {whatMay(item).comment ? (
          <CommentBox item={item} area={comment} />
        ) : (
          <ActionButton
            may={false}
            why={{ verb: 'items.comment', item_type: item.type.id }}
            variant="default"
          >
            Comment
          </ActionButton>
        )}
      </div>
      <ListAnswer query={query} items={entries} empty={null}>
        {(read) => (
          <ol className={classes.log} aria-label="Log" reversed>
            {read.toReversed().map((entry) => (
              <li key={entry.seq} className={classes.entry}>
                <Entry entry={entry} stateLabel={stateLabel({ type: item.type, state: entry.state })} />
              </li>
            ))}
          </ol>
        )}
      </ListAnswer>
    </Section>
  )
}

function Entry({ entry, stateLabel }: { entry: LogEntry; stateLabel: string | undefined }) {
  const text = logText(entry)
  const diff = logDiff(entry)
  return (
    <>
      <div>
        <b>{entry.actor.name || entry.actor.kind}</b> {logSentence(entry, stateLabel)}{' '}
        <span className={classes.when}>
          · <Moment at={entry.at} />
        </span>{' '}
        {isInternal(entry) && <Tag tone="waiting">internal</Tag>}
      </div>
      {text && (
        <Text component="p" size="sm" className={classes.said} data-internal={isInternal(entry) || undefined}>
          {text}
        </Text>
      )}
      {diff && (
        <Question words="What changed">
          <DiffText
            label={`What entry ${entry.seq} changed`}
            lines={diff}
            words={{ '+': 'now', '-': 'before' }}
          />
        </Question>
      )}
    </>
  )
}
