import { Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import type { User } from '../../lib/api/types'
import { ListAnswer, LoadMore, NothingHere } from '../../ui/answers'
import { PeopleIcon, PlusIcon, SearchIcon } from '../../ui/icons'
import { GroupTags } from '../../ui/labels'
import { Moment } from '../../ui/moment'
import { Page } from '../../ui/page'
import { Row, RowLink, Rows } from '../../ui/rows'
import { ActionButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { InviteUserDialog } from './invite-user'
import classes from './list-page.module.css'
import { userList } from './queries'
import { matchesUser } from './search'
import { UserTags } from './user-tags'

/** From here on a search box pays. */
const searchableFrom = 6

/** The people of the organization. */
export function UsersPage() {
  const may = useMay()
  const [search, setSearch] = useState('')
  const { query, items } = usePagedList(userList(), { whole: search !== '' })
  const [isInviting, setInviting] = useState(false)
  return (
    <Page
      title="Users"
      actions={
        <ActionButton
          may={may('users.write')}
          why={{ verb: 'users.write' }}
          leftSection={<PlusIcon size={16} />}
          onClick={() => setInviting(true)}
        >
          Invite a user
        </ActionButton>
      }
    >
      <ListAnswer
        query={query}
        items={items}
        empty={
          <NothingHere icon={PeopleIcon} title="No users yet">
            Invite somebody: you get a link to send, and they set their own password.
          </NothingHere>
        }
      >
        {(users) => (
          <>
            {(users.length >= searchableFrom || search !== '') && (
              <TextInput
                aria-label="Search the users"
                placeholder="Name or group"
                leftSection={<SearchIcon size={16} />}
                value={search}
                onChange={(event) => setSearch(event.currentTarget.value)}
              />
            )}
            <UserRows users={users.filter((user) => matchesUser(user, search))} />
            <LoadMore query={query} what="users" />
          </>
        )}
      </ListAnswer>
      {isInviting && <InviteUserDialog onClose={() => setInviting(false)} />}
    </Page>
  )
}

function UserRows({ users }: { users: User[] }) {
  if (users.length === 0) return <Text role="status">No user matches.</Text>
  return (
    <Rows label="Users">
      {users.map((user) => (
        <Row key={user.id}>
          <div className={classes.line}>
            <span className={classes.names}>
              <RowLink to="/users/$user" params={{ user: user.id }}>
                {user.name || user.username}
              </RowLink>
              {user.name !== user.username && <span className={classes.username}>{user.username}</span>}
            </span>
            <UserTags user={user} />
          </div>
          <div className={classes.line}>
            <GroupTags label="Groups" names={user.groups.map(({ name }) => name)} />
            <span className={classes.facts}>
              {user.signed_in_at ? (
                <span>
                  signed in <Moment at={user.signed_in_at} />
                </span>
              ) : (
                'never signed in'
              )}
            </span>
          </div>
        </Row>
      ))}
    </Rows>
  )
}
