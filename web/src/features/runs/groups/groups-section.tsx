import { Text } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { usePagedList } from '../../../lib/api/pages'
import type { ExecutionGroup, Run } from '../../../lib/api/types'
import { ListAnswer } from '../../../ui/answers'
import { Section } from '../../../ui/section'
import { groupList } from '../queries'
import { deviceCount } from '../state'
import { Differences } from './differences'
import { GroupList } from './group-list'
import { eachOnce, onlyGroupText, referenceOf } from './group-words'

const route = getRouteApi('/in/runs/$run')

/** A run on many devices as the few ways in which it ended; a chosen one narrows the devices below to its own. */
export function GroupsSection({ run }: { run: Run }) {
  const { query, items } = usePagedList(groupList(run.id))
  const { group: chosenKey } = route.useSearch()
  const navigate = route.useNavigate()
  const choose = (group: string | undefined) => void navigate({ search: { group }, resetScroll: false })
  return (
    <Section title="Groups">
      <ListAnswer query={query} items={items} empty={<Text size="sm">This run has no devices.</Text>}>
        {(read) => {
          const groups = eachOnce(read)
          const only = onlyGroup(groups, query.hasNextPage, chosenKey)
          if (only) return <Text size="sm">{onlyGroupText(only)}</Text>
          const reference = referenceOf(groups)
          const chosen = groups.find((group) => group.key === chosenKey)
          const isComparable = reference && chosen?.compared && chosen.key !== reference.group.key
          return (
            <div>
              <Text size="sm" c="dimmed" mb="xs">
                Devices that ended alike, with the same output byte for byte, are a group. Choose one to see
                its devices.
              </Text>
              <GroupList
                groups={groups}
                deviceCount={deviceCount(run)}
                chosenKey={chosenKey}
                reference={reference}
                query={query}
                onChoose={choose}
              />
              {isComparable && <Differences reference={reference} group={chosen} />}
            </div>
          )
        }}
      </ListAnswer>
    </Section>
  )
}

/** The group that all devices are in; none while one is chosen that is not there any more, for it has to be left first. */
function onlyGroup(groups: ExecutionGroup[], hasMore: boolean, chosenKey: string | undefined) {
  const [first] = groups
  if (!first || groups.length > 1 || hasMore) return null
  return chosenKey === undefined || chosenKey === first.key ? first : null
}
