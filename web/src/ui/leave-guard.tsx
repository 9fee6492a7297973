import { Text } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import { Confirm } from './confirm'

/** Asks before what was typed is left behind. */
export function LeaveGuard({ what, isNeeded }: { what: string; isNeeded: () => boolean }) {
  const blocker = useBlocker({ shouldBlockFn: isNeeded, enableBeforeUnload: isNeeded, withResolver: true })
  if (blocker.status !== 'blocked') return null
  return (
    <Confirm
      title="Leave without saving?"
      button="Leave"
      keep="Stay here"
      isPending={false}
      error={null}
      onConfirm={blocker.proceed}
      onClose={blocker.reset}
    >
      <Text size="sm">What you have changed in this {what} is lost then.</Text>
    </Confirm>
  )
}
