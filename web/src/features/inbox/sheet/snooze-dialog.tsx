import { Button, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { problemText } from '../../../lib/api/problem'
import type { Item } from '../../../lib/api/types'
import { useLocale } from '../../../lib/locale'
import { useNow } from '../../../lib/time/now'
import { viewerZone } from '../../../lib/time/zone'
import { Dialog } from '../../../ui/dialog'
import { FormProblem } from '../../../ui/form-problem'
import { tell } from '../../../ui/toast'
import { isSnoozed } from '../item-words'
import { useSnoozeItem } from '../queries'
import { chosenTime, snoozeTimes } from '../snooze-times'

interface SnoozeDialogProps {
  item: Item
  onSnoozed: () => void
  onClose: () => void
}

/** Puts an item out of the way for a while, or brings it back. */
export function SnoozeDialog({ item, onSnoozed, onClose }: SnoozeDialogProps) {
  const now = useNow()
  const zone = viewerZone(useLocale().timeZone)
  const [wall, setWall] = useState('')
  const [isWrong, setWrong] = useState(false)
  const snooze = useSnoozeItem(item)
  const until = (at: string, words: string) =>
    snooze.mutate(at, {
      onSuccess: () => {
        tell(`Snoozed: ${words}`)
        onClose()
        onSnoozed()
      },
    })
  const wake = () =>
    snooze.mutate(null, {
      onSuccess: () => {
        tell('It is back')
        onClose()
      },
    })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const at = chosenTime(wall, new Date(), zone)
    setWrong(!at)
    if (at) until(at, wall.replace('T', ' '))
  }
  return (
    <Dialog onClose={onClose} title="Snooze it">
      <Stack gap="sm">
        <Text size="sm">It comes back then, or as soon as something happens to it.</Text>
        {snoozeTimes(now, zone).map(({ label, until: at }, place) => (
          <Button
            key={label}
            variant="default"
            mih={48}
            data-autofocus={place === 0 || undefined}
            loading={snooze.isPending && snooze.variables === at}
            onClick={() => until(at, label.toLowerCase())}
          >
            {label}
          </Button>
        ))}
        <form onSubmit={submit}>
          <Stack gap="xs">
            <TextInput
              type="datetime-local"
              label="Until"
              value={wall}
              error={isWrong && 'A time to come is needed.'}
              onChange={(event) => setWall(event.currentTarget.value)}
            />
            <Button type="submit" variant="default" mih={48}>
              Snooze until then
            </Button>
          </Stack>
        </form>
        {isSnoozed(item, now) && (
          <Button variant="default" mih={48} onClick={wake}>
            Bring it back now
          </Button>
        )}
        <FormProblem text={snooze.error && problemText(snooze.error)} error={snooze.error} />
      </Stack>
    </Dialog>
  )
}
