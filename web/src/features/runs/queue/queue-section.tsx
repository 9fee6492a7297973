import { Text } from '@mantine/core'
import { useState } from 'react'
import { usePagedList } from '../../../lib/api/pages'
import type { Device, QueuedExecution } from '../../../lib/api/types'
import { count } from '../../../lib/words'
import { ListAnswer, LoadMore } from '../../../ui/answers'
import { Moment } from '../../../ui/moment'
import { Row, RowLink, Rows } from '../../../ui/rows'
import { Section } from '../../../ui/section'
import { ActionButton } from '../../access/action-button'
import { isAtLeast } from '../../access/roles'
import { causeLabel } from '../cause'
import { queueList } from '../queries'
import { PurgeQueueDialog } from './purge-queue'
import classes from './queue-section.module.css'

/** What waits for a device, in the order in which it will be sent. */
export function QueueSection({ device }: { device: Device }) {
  const { query, items } = usePagedList(queueList(device.id))
  const [isAsking, setAsking] = useState(false)
  // All of a short queue is read, and more up to date than the device.
  const waiting = items && !query.hasNextPage ? items.length : Math.max(device.queued, items?.length ?? 0)
  return (
    <Section
      title={waiting > 0 ? `Waiting: ${count(waiting, 'run')}` : 'Waiting'}
      actions={
        waiting > 0 && (
          <ActionButton
            may={isAtLeast(device.role, 'admin')}
            why={{ verb: 'runs.cancel', device: device.id }}
            variant="default"
            size="xs"
            onClick={() => setAsking(true)}
          >
            Cancel all that waits
          </ActionButton>
        )
      }
    >
      <ListAnswer query={query} items={items} empty={<Nothing />}>
        {(queued) => (
          <>
            <Rows label="Waiting runs">
              {queued.map((each) => (
                <QueuedRow key={each.execution} queued={each} />
              ))}
            </Rows>
            <LoadMore query={query} what="of what waits" />
          </>
        )}
      </ListAnswer>
      {isAsking && <PurgeQueueDialog device={device} waiting={waiting} onClose={() => setAsking(false)} />}
    </Section>
  )
}

function QueuedRow({ queued }: { queued: QueuedExecution }) {
  return (
    <Row>
      <div className={classes.line}>
        <span>
          <span className={classes.position}>{queued.position}.</span>{' '}
          <RowLink to="/runs/$run" params={{ run: queued.run }} search={{ execution: queued.execution }}>
            {queued.task.name}
          </RowLink>
        </span>
        <span className={classes.words}>
          asked <Moment at={queued.since} /> {causeLabel(queued.cause)}, expires{' '}
          <Moment at={queued.expires_at} />
        </span>
      </div>
    </Row>
  )
}

function Nothing() {
  return (
    <Text size="sm" c="dimmed">
      Nothing waits for this device.
    </Text>
  )
}
