import { Button, Group, Text } from '@mantine/core'
import type { Session } from '../../lib/api/types'
import { ExactMoment, Moment } from '../../ui/moment'
import { Row, Rows } from '../../ui/rows'
import { Tag } from '../../ui/tag'
import { browserWords } from './browser-words'
import classes from './keys-page.module.css'

interface SessionRowsProps {
  sessions: readonly Session[]
  /** Id of the one that is being ended. */
  endingId?: string
  onEnd: (session: Session) => void
}

/** Browsers that somebody is signed in with. */
export function SessionRows({ sessions, endingId, onEnd }: SessionRowsProps) {
  return (
    <Rows label="Sessions">
      {sessions.map((session) => (
        <Row key={session.id}>
          <Group justify="space-between" wrap="nowrap" align="flex-start">
            <div className={classes.words}>
              <Group gap="xs">
                <Text fw={600}>{browserWords(session.client)}</Text>
                {session.current && <Tag tone="active">this browser</Tag>}
              </Group>
              <Text size="sm" c="dimmed">
                From {session.address || 'an unknown address'} · last seen{' '}
                <Moment at={session.last_seen_at} /> · signed in <Moment at={session.created_at} />
              </Text>
              <Text size="sm" c="dimmed">
                Ends by itself <ExactMoment at={session.expires_at} />
              </Text>
            </div>
            {!session.current && (
              <Button
                variant="default"
                size="xs"
                flex="none"
                aria-label={`Sign out ${browserWords(session.client)}`}
                loading={endingId === session.id}
                onClick={() => onEnd(session)}
              >
                Sign out
              </Button>
            )}
          </Group>
        </Row>
      ))}
    </Rows>
  )
}
