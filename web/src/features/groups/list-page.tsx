import { Stack, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import { ListAnswer } from '../../ui/answers'
import { PlusIcon } from '../../ui/icons'
import { Page } from '../../ui/page'
import { ActionButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { deviceGroupList } from '../device-groups/queries'
import { itemTypeList } from '../item-types/queries'
import { CreateGroupDialog } from './edit-group'
import { GroupCards } from './group-cards'
import { Legend } from './legend'
import { Matrix } from './matrix'
import { groupList } from './queries'
import { RoleNotSaved } from './role-problem'
import type { RoleProblem } from './role-select'
import { scopesOf, superFirst } from './scopes'

/** Who may do what, where: a role of each group everywhere, in each device group, and with the items of each type. */
export function GroupsPage() {
  const may = useMay()
  const { query, items } = usePagedList(groupList(), { whole: true })
  const { items: deviceGroups } = usePagedList(deviceGroupList(), { whole: true })
  const { items: itemTypes } = usePagedList(itemTypeList(), { whole: true })
  const [isCreating, setCreating] = useState(false)
  const [problem, setProblem] = useState<RoleProblem | null>(null)
  // A wide table is of no use on a phone.
  const isNarrow = useMediaQuery('(max-width: 767px)', false, { getInitialValueInEffect: false })
  const scopes = scopesOf(deviceGroups ?? [], itemTypes ?? [])
  return (
    <Page
      title="Groups"
      actions={
        <ActionButton
          may={may('groups.write')}
          why={{ verb: 'groups.write' }}
          leftSection={<PlusIcon size={16} />}
          onClick={() => setCreating(true)}
        >
          New group
        </ActionButton>
      }
    >
      <Stack gap="md">
        <Legend />
        {problem && <RoleNotSaved problem={problem} />}
        <ListAnswer query={query} items={items} empty={null}>
          {(groups) => {
            const shown = { groups: superFirst(groups), scopes, onProblem: setProblem }
            return (
              <>
                {isNarrow ? <GroupCards {...shown} /> : <Matrix {...shown} />}
                {groups.length === 1 && (
                  <Text size="sm" c="dimmed">
                    There is only the group of the super users so far. Make a group, give it a role, and put
                    people into it.
                  </Text>
                )}
              </>
            )
          }}
        </ListAnswer>
      </Stack>
      {isCreating && <CreateGroupDialog onClose={() => setCreating(false)} />}
    </Page>
  )
}
