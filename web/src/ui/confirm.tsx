import { Button, Group, Stack, TextInput } from '@mantine/core'
import { type FormEvent, type ReactNode, useState } from 'react'
import { Failed } from './answers'
import { Dialog } from './dialog'

interface ConfirmProps {
  title: string
  /** What will happen, in words. */
  children: ReactNode
  /** The verb, with what it is for: `Remove web-1`. */
  button: string
  /** What has to be typed before the button works. */
  typed?: string
  /** What the other button says. */
  keep?: string
  /** Red where something is lost. */
  color?: string
  isPending: boolean
  error: unknown
  /** The device that it is about, where there is one. */
  device?: string
  onConfirm: () => void
  onClose: () => void
}

/** Asks before something is lost. */
export function Confirm({
  title,
  children,
  button,
  typed,
  keep = 'Keep it',
  color = 'red',
  isPending,
  error,
  device,
  onConfirm,
  onClose,
}: ConfirmProps) {
  const [text, setText] = useState('')
  const allowed = typed === undefined || text.trim() === typed
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (allowed) onConfirm()
  }
  return (
    <Dialog onClose={onClose} title={title}>
      <form onSubmit={submit}>
        <Stack>
          <div>{children}</div>
          {typed !== undefined && (
            <TextInput
              label={`Type ${typed} to confirm`}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              autoComplete="off"
              spellCheck={false}
              data-autofocus
            />
          )}
          {error ? <Failed error={error} device={device} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {keep}
            </Button>
            <Button type="submit" color={color} disabled={!allowed} loading={isPending}>
              {button}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
