import { Button, Group as Line, MultiSelect, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import type { Group, User } from '../../lib/api/types'
import { Failed, ListAnswer, LoadMore } from '../../ui/answers'
import { Dialog } from '../../ui/dialog'
import { PlusIcon } from '../../ui/icons'
import { TextLink } from '../../ui/links'
import { Row, Rows } from '../../ui/rows'
import { Section } from '../../ui/section'
import { ActionButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { userList } from '../users/queries'
import { UserTags } from '../users/user-tags'
import { memberList, useAddMembers, useRemoveMember } from './queries'

/** Who is in a group. */
export function MembersSection({ group }: { group: Group }) {
  const may = useMay()
  const { query, items } = usePagedList(memberList(group.id), { whole: true })
  const remove = useRemoveMember(group)
  const [isAdding, setAdding] = useState(false)
  return (
    <Section
      title="Members"
      actions={
        <ActionButton
          may={may('groups.write')}
          why={{ verb: 'groups.write' }}
          variant="default"
          size="xs"
          leftSection={<PlusIcon size={14} />}
          onClick={() => setAdding(true)}
        >
          Add members
        </ActionButton>
      }
    >
      <Stack gap="md">
        {remove.error && <Failed error={remove.error} />}
        <ListAnswer
          query={query}
          items={items}
          empty={
            <Text size="sm" c="dimmed">
              Nobody is in this group yet.
            </Text>
          }
        >
          {(members) => (
            <>
              <Rows label="Members">
                {members.map((user) => (
                  <Row key={user.id}>
                    <Member
                      user={user}
                      mayRemove={may('groups.write')}
                      isRemoving={remove.isPending && remove.variables === user.id}
                      onRemove={() => remove.mutate(user.id)}
                    />
                  </Row>
                ))}
              </Rows>
              <LoadMore query={query} what="members" />
            </>
          )}
        </ListAnswer>
      </Stack>
      {isAdding && (
        <AddMembersDialog
          group={group}
          knownIds={(items ?? []).map(({ id }) => id)}
          onClose={() => setAdding(false)}
        />
      )}
    </Section>
  )
}

interface MemberProps {
  user: User
  mayRemove: boolean
  isRemoving: boolean
  onRemove: () => void
}

function Member({ user, mayRemove, isRemoving, onRemove }: MemberProps) {
  return (
    <Line justify="space-between" gap="xs">
      <Line gap="sm">
        <TextLink to="/users/$user" params={{ user: user.id }} fw={600}>
          {user.name || user.username}
        </TextLink>
        {user.name !== user.username && (
          <Text size="sm" c="dimmed">
            {user.username}
          </Text>
        )}
        <UserTags user={user} />
      </Line>
      {mayRemove && (
        <Button
          variant="default"
          size="xs"
          aria-label={`Take out ${user.username}`}
          loading={isRemoving}
          onClick={onRemove}
        >
          Take out
        </Button>
      )}
    </Line>
  )
}

interface AddMembersProps {
  group: Group
  /** Ids of who is in it already. */
  knownIds: readonly string[]
  onClose: () => void
}

function AddMembersDialog({ group, knownIds, onClose }: AddMembersProps) {
  const { query, items } = usePagedList(userList(), { whole: true })
  const [chosen, setChosen] = useState<string[]>([])
  const add = useAddMembers(group)
  const others = (items ?? []).filter(({ id }) => !knownIds.includes(id))
  return (
    <Dialog onClose={onClose} title={`Add members to ${group.name}`}>
      <Stack>
        <MultiSelect
          label="Users"
          placeholder={query.isPending ? 'Loading…' : 'Name'}
          searchable
          data-autofocus
          nothingFoundMessage={others.length > 0 ? 'No such user' : 'Everybody is in this group already'}
          data={others.map(({ id, name, username }) => ({
            value: id,
            label: name && name !== username ? `${name} (${username})` : username,
          }))}
          limit={100}
          value={chosen}
          onChange={setChosen}
          error={query.isError ? 'The users could not be loaded' : undefined}
        />
        {add.error && <Failed error={add.error} />}
        <Line justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            disabled={chosen.length === 0}
            loading={add.isPending}
            onClick={() => add.mutate(chosen, { onSuccess: onClose })}
          >
            Add
          </Button>
        </Line>
      </Stack>
    </Dialog>
  )
}
