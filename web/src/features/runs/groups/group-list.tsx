import { type ReactNode, useMemo } from 'react'
import type { ExecutionGroup } from '../../../lib/api/types'
import { count } from '../../../lib/words'
import { LoadMore } from '../../../ui/answers'
import { StateBadge } from '../state-badge'
import classes from './group-list.module.css'
import { codesLabel, groupLine, type Reference } from './group-words'

export interface MoreGroups {
  hasNextPage: boolean
  isFetchingNextPage: boolean
  fetchNextPage: () => unknown
}

interface GroupListProps {
  groups: ExecutionGroup[]
  deviceCount: number
  chosenKey: string | undefined
  reference: Reference | null
  query: MoreGroups
  /** Nothing: all devices. */
  onChoose: (key: string | undefined) => void
}

/** The groups of a run, one of which, or all, is chosen. */
export function GroupList({ groups, deviceCount, chosenKey, reference, query, onChoose }: GroupListProps) {
  const isListed = groups.some((group) => group.key === chosenKey)
  return (
    <div className={classes.frame}>
      <ul className={classes.list} aria-label="Groups of this run">
        <Choice isAll isChosen={chosenKey === undefined} onChoose={() => onChoose(undefined)}>
          <span className={classes.count}>All {count(deviceCount, 'device')}</span>
        </Choice>
        {groups.map((group) => {
          const isChosen = group.key === chosenKey
          return (
            <Choice
              key={group.key}
              isChosen={isChosen}
              onChoose={() => onChoose(isChosen ? undefined : group.key)}
            >
              <GroupFacts group={group} reference={reference} />
            </Choice>
          )
        })}
        {chosenKey !== undefined && !isListed && (
          <Choice isChosen onChoose={() => onChoose(undefined)}>
            <span className={classes.line}>
              {query.hasNextPage ? 'A group further down.' : 'A group that has no devices any more.'}
            </span>
          </Choice>
        )}
      </ul>
      <div className={classes.more}>
        <LoadMore query={query} what="groups" />
      </div>
    </div>
  )
}

interface ChoiceProps {
  isAll?: boolean
  isChosen: boolean
  onChoose: () => void
  children: ReactNode
}

function Choice({ isAll, isChosen, onChoose, children }: ChoiceProps) {
  return (
    <li className={classes.item} data-all={isAll || undefined}>
      <button type="button" className={classes.choice} aria-pressed={isChosen} onClick={onChoose}>
        {children}
      </button>
    </li>
  )
}

function GroupFacts({ group, reference }: { group: ExecutionGroup; reference: Reference | null }) {
  const codes = codesLabel(group.sample.actions)
  const line = useMemo(() => groupLine(group, reference), [group, reference])
  return (
    <>
      <span className={classes.facts}>
        <span className={classes.count}>{count(group.count, 'device')}</span>
        <StateBadge state={group.sample.state} />
        {codes && <span>{codes}</span>}
        {group.key === reference?.group.key && <span className={classes.mark}>{reference.name}</span>}
      </span>
      <span className={classes.line} data-kind={line.kind}>
        {line.text}
      </span>
    </>
  )
}
