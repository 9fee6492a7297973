import { Button, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import type { Group } from '../../lib/api/types'
import { count } from '../../lib/words'
import { Failed, LoadingRows } from '../../ui/answers'
import { PenIcon, TrashIcon } from '../../ui/icons'
import { TextLink } from '../../ui/links'
import { Page } from '../../ui/page'
import { Section } from '../../ui/section'
import { ActionButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { deviceGroupList } from '../device-groups/queries'
import { itemTypeList } from '../item-types/queries'
import { EditGroupDialog } from './edit-group'
import { MembersSection } from './members-section'
import { groupDetail } from './queries'
import { RemoveGroupDialog } from './remove-group'
import { RoleNotSaved } from './role-problem'
import type { RoleProblem } from './role-select'
import { ScopeList } from './scope-list'
import { scopesOf } from './scopes'

const route = getRouteApi('/in/groups/$group')

/** One group: what it gives, and to whom. */
export function GroupPage() {
  const { group: id } = route.useParams()
  const query = useQuery(groupDetail(id))
  if (query.data) return <GroupView group={query.data} />
  return (
    <Page title="Group">
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </Page>
  )
}

function GroupView({ group }: { group: Group }) {
  const may = useMay()
  const navigate = useNavigate()
  const [open, setOpen] = useState<'edit' | 'remove' | null>(null)
  const close = () => setOpen(null)
  return (
    <Page
      title={group.name}
      before={
        <TextLink to="/groups" size="sm">
          Groups
        </TextLink>
      }
      beside={<Text c="dimmed">{count(group.members, 'member')}</Text>}
      actions={
        !group.super && (
          <ActionButton
            may={may('groups.write')}
            why={{ verb: 'groups.write' }}
            variant="default"
            leftSection={<PenIcon size={15} />}
            onClick={() => setOpen('edit')}
          >
            Edit name and role
          </ActionButton>
        )
      }
    >
      <RolesSection group={group} />
      <MembersSection group={group} />
      {!group.super && may('groups.write') && (
        <Section title="Remove">
          <Text size="sm" c="dimmed" mb="sm">
            Its members lose at once what it gives, and keep what their other groups give.
          </Text>
          <Button variant="default" leftSection={<TrashIcon size={15} />} onClick={() => setOpen('remove')}>
            Remove this group
          </Button>
        </Section>
      )}

      {open === 'edit' && <EditGroupDialog group={group} onClose={close} />}
      {open === 'remove' && (
        <RemoveGroupDialog group={group} onClose={close} onRemoved={() => void navigate({ to: '/groups' })} />
      )}
    </Page>
  )
}

function RolesSection({ group }: { group: Group }) {
  const { items } = usePagedList(deviceGroupList(), { whole: true })
  const { items: itemTypes } = usePagedList(itemTypeList(), { whole: true })
  const [problem, setProblem] = useState<RoleProblem | null>(null)
  return (
    <Section title="What it gives">
      <Stack gap="md" maw={560}>
        {problem && <RoleNotSaved problem={problem} />}
        <ScopeList group={group} scopes={scopesOf(items ?? [], itemTypes ?? [])} onProblem={setProblem} />
      </Stack>
    </Section>
  )
}
