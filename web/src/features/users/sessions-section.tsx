import { Stack, Text } from '@mantine/core'
import { usePagedList } from '../../lib/api/pages'
import type { User } from '../../lib/api/types'
import { Failed, ListAnswer, LoadMore } from '../../ui/answers'
import { Section } from '../../ui/section'
import { ActionButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { SessionRows } from '../accounts/session-rows'
import { useEndSessions, userSessions } from './queries'

/** The browsers that a user is signed in with. */
export function SessionsSection({ user }: { user: User }) {
  const may = useMay()
  const { query, items } = usePagedList(userSessions(user.id))
  const end = useEndSessions(user)
  return (
    <Section
      title="Sessions"
      actions={
        items &&
        items.length > 0 && (
          <ActionButton
            may={may('users.write')}
            why={{ verb: 'users.write' }}
            variant="default"
            size="xs"
            loading={end.isPending && end.variables === null}
            onClick={() => end.mutate(null)}
          >
            Sign out everywhere
          </ActionButton>
        )
      }
    >
      <Stack gap="md">
        {end.error && <Failed error={end.error} />}
        <ListAnswer
          query={query}
          items={items}
          empty={
            <Text size="sm" c="dimmed">
              Signed in with no browser.
            </Text>
          }
        >
          {(sessions) => (
            <>
              <SessionRows
                sessions={sessions}
                endingId={end.isPending ? (end.variables ?? undefined) : undefined}
                onEnd={({ id }) => end.mutate(id)}
              />
              <LoadMore query={query} what="sessions" />
            </>
          )}
        </ListAnswer>
      </Stack>
    </Section>
  )
}
