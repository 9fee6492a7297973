import { Stack } from '@mantine/core'
import { usePagedList } from '../../lib/api/pages'
import { Failed, ListAnswer, LoadMore } from '../../ui/answers'
import { Section } from '../../ui/section'
import { ownSessions } from '../accounts/queries'
import { SessionRows } from '../accounts/session-rows'
import { useEndSession } from './queries'

/** The browsers that one is signed in with. */
export function OwnSessions() {
  const { query, items } = usePagedList(ownSessions())
  const end = useEndSession()
  return (
    <Section title="Where you are signed in">
      <Stack gap="md">
        {end.error && <Failed error={end.error} />}
        <ListAnswer query={query} items={items} empty={null}>
          {(sessions) => (
            <>
              <SessionRows
                sessions={sessions}
                endingId={end.isPending ? end.variables : undefined}
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
