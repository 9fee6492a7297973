import { Button, Group, Text } from '@mantine/core'
import { Notice } from './notice'

interface ConflictProps {
  /** `task`. */
  what: string
  /** Throws away what was typed. */
  onLoad: () => Promise<void>
  /** Goes on with what was typed; saving it then replaces the newest. */
  onKeep: () => Promise<void>
}

/** Two people have changed the same thing. */
export function Conflict({ what, onLoad, onKeep }: ConflictProps) {
  return (
    <Notice role="alert" title={`Someone else has changed this ${what} meanwhile`}>
      <Text size="sm">
        Load the newest, and what you have changed here is lost. Or keep yours: then saving it replaces
        theirs.
      </Text>
      <Group gap="xs" mt="sm">
        <Button size="xs" variant="default" onClick={() => void onLoad()}>
          Load the newest
        </Button>
        <Button size="xs" variant="default" onClick={() => void onKeep()}>
          Keep mine
        </Button>
      </Group>
    </Notice>
  )
}
