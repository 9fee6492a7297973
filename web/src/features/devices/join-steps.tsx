import { Button, Group, Loader, Stack, Text } from '@mantine/core'
import { useCallback, useState } from 'react'
import type { CreatedEnrollToken } from '../../lib/api/types'
import { useOnServerEvent } from '../../lib/live/events'
import type { ServerEvent } from '../../lib/live/invalidations'
import { count } from '../../lib/words'
import { CopyBlock } from '../../ui/copy'
import { CheckIcon } from '../../ui/icons'
import { TextLink } from '../../ui/links'
import { Moment } from '../../ui/moment'
import classes from './join-steps.module.css'
import { useJoinedDevices } from './joined'

interface JoinStepsProps {
  token: CreatedEnrollToken
  uses: number
  onClose: () => void
}

/** What to type on the device, and who has joined since. */
export function JoinSteps({ token, uses, onClose }: JoinStepsProps) {
  const [joinedIds, setJoinedIds] = useState<string[]>([])
  const onEvent = useCallback((event: ServerEvent) => {
    if (event.name !== 'device.enrolled') return
    setJoinedIds((known) => (known.includes(event.subject) ? known : [...known, event.subject]))
  }, [])
  useOnServerEvent(onEvent)

  return (
    <Stack>
      <Text size="sm">
        The token is shown this once; it is good for {count(uses, 'device')} and expires{' '}
        <Moment at={token.expires_at} />.
      </Text>
      {token.install && <WithScript install={token.install} token={token.token} />}
      <Text size="sm">
        {token.install
          ? 'Where taskeyd is installed already, type this instead:'
          : 'Install taskeyd on the device, then type this there.'}
      </Text>
      <CopyBlock text={token.command} label="Commands to type on the device" />
      <div role="status" className={classes.joined}>
        {joinedIds.length === 0 ? <Waiting /> : <Joined ids={joinedIds} uses={uses} onFollow={onClose} />}
      </div>
      <Group justify="flex-end">
        <Button variant={joinedIds.length > 0 ? 'filled' : 'default'} onClick={onClose}>
          {joinedIds.length > 0 ? 'Done' : 'Close'}
        </Button>
      </Group>
    </Stack>
  )
}

/** The agent comes from this server; its script says what it will do, asks, and takes the token when it asks for it. */
function WithScript({ install, token }: { install: string; token: string }) {
  return (
    <>
      <Text size="sm">A script installs taskeyd. Read it, run it, and give it the token when it asks:</Text>
      <CopyBlock text={install} label="Commands that install taskeyd" />
      <CopyBlock text={token} label="The token" />
    </>
  )
}

function Waiting() {
  return (
    <Group gap="sm">
      <Loader size="sm" color="var(--mantine-color-anchor)" aria-hidden="true" />
      <Text size="sm">Waiting for the device…</Text>
    </Group>
  )
}

function Joined({ ids, uses, onFollow }: { ids: string[]; uses: number; onFollow: () => void }) {
  const devices = useJoinedDevices(ids)
  return (
    <Stack gap="xs">
      {devices.map(({ id, name, presence }) => (
        <Group key={id} gap="sm" wrap="nowrap">
          <span className={classes.check}>
            <CheckIcon />
          </span>
          <Text size="sm">
            <TextLink to="/devices/$device" params={{ device: id }} onClick={onFollow}>
              {name}
            </TextLink>{' '}
            has joined{presence === 'online' ? ' and is online' : ''}.
          </Text>
        </Group>
      ))}
      {uses > ids.length && <Waiting />}
    </Stack>
  )
}
