import { Alert, Button, List, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Moment } from '../../ui/moment'
import classes from './banner.module.css'
import { EndQuietDialog } from './end-quiet'
import { quietState } from './queries'
import { thingsToLookAt, whatIsBack } from './words'

/** On every page while a restored server waits for its operator. */
export function QuietBanner() {
  const { data: quiet } = useQuery(quietState())
  const [isEnding, setEnding] = useState(false)
  if (!quiet?.quiet) return null
  const sentences = thingsToLookAt(quiet)
  return (
    <Alert
      color="yellow"
      role="status"
      title="Restored from a backup: nothing is started yet"
      classNames={{ root: classes.banner, title: classes.title }}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">
          This server shows what was there when the backup was made
          {quiet.restored_from && (
            <>
              {' '}
              (<Moment at={quiet.restored_from} />)
            </>
          )}
          . Devices connect and tell their results; no run is started, and nothing from before is sent.
          Whoever and whatever was removed since is back: {whatIsBack(quiet)}. Look at them first.
        </Text>
        {sentences.length > 0 && (
          <List size="sm">
            {sentences.map((sentence) => (
              <List.Item key={sentence}>{sentence}</List.Item>
            ))}
          </List>
        )}
        {quiet.may_end ? (
          <Button size="xs" color="yellow" variant="filled" autoContrast onClick={() => setEnding(true)}>
            Let it go on…
          </Button>
        ) : (
          <Text size="sm">An operator of this server ends that.</Text>
        )}
      </Stack>
      {isEnding && <EndQuietDialog queued={quiet.counts.queued} onClose={() => setEnding(false)} />}
    </Alert>
  )
}
