import { Text } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo } from 'react'
import { usePagedList } from '../../../lib/api/pages'
import type { ExecutionGroup, Run } from '../../../lib/api/types'
import { ListAnswer } from '../../../ui/answers'
import { Section } from '../../../ui/section'
import { groupList } from '../queries'
import { deviceCount } from '../state'
import { Differences } from './differences'
import { GroupList, type MoreGroups } from './group-list'
import { eachOnce, onlyGroupText, referenceOf } from './group-words'

const route = getRouteApi('/in/runs/$run')

/** A run on many devices as the few ways in which it ended; a chosen one narrows the devices below to its own. */
export function GroupsSection({ run }: { run: Run }) {
  const { query, items } = usePagedList(groupList(run.id))
  const groups = useMemo(() => items && eachOnce(items), [items])
  return (
    <Section title="Groups">
      <ListAnswer query={query} items={groups} empty={<Text size="sm">This run has no devices.</Text>}>
        {(read) => <Groups groups={read} deviceCount={deviceCount(run)} query={query} />}
      </ListAnswer>
    </Section>
  )
}

interface GroupsProps {
  groups: ExecutionGroup[]
  deviceCount: number
  query: MoreGroups
}

function Groups({ groups, deviceCount, query }: GroupsProps) {
  const { group: chosenKey } = route.useSearch()
  const navigate = route.useNavigate()
  const reference = useMemo(() => referenceOf(groups), [groups])
  const only = onlyGroup(groups, query.hasNextPage, chosenKey)
  if (only) return <Text size="sm">{onlyGroupText(only)}</Text>

  const chosen = groups.find((group) => group.key === chosenKey)
  const isComparable = reference && chosen?.compared && chosen.key !== reference.group.key
  return (
    <div>
      <Text size="sm" c="dimmed" mb="xs">
        Devices that ended alike, with the same output byte for byte, are a group. Choose one to see its
        devices.
      </Text>
      <GroupList
        groups={groups}
        deviceCount={deviceCount}
        chosenKey={chosenKey}
        reference={reference}
        query={query}
        onChoose={(group) => void navigate({ search: ({ state }) => ({ state, group }), resetScroll: false })}
      />
      {isComparable && <Differences reference={reference} group={chosen} />}
    </div>
  )
}

/** The group that all devices are in; none while one is chosen that is not there any more, for it has to be left first. */
function onlyGroup(groups: ExecutionGroup[], hasMore: boolean, chosenKey: string | undefined) {
  const [first] = groups
  if (!first || groups.length > 1 || hasMore) return null
  return chosenKey === undefined || chosenKey === first.key ? first : null
}
