import { Alert, Button, Group, Stack, Text, VisuallyHidden } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { PlusIcon } from '../../../ui/icons'
import { actionTypeWords } from '../action-words'
import { ActionCard } from './action-card'
import type { Problems } from './problems'
import {
  type ActionForm,
  type ActionType,
  actionTypes,
  emptyAction,
  type ItemId,
  withChanged,
  withMoved,
  without,
} from './task-form'

interface ActionListProps {
  actions: readonly ActionForm[]
  problems: Problems
  /** What is wrong with the list as a whole. */
  problem?: string
  onChange: (actions: readonly ActionForm[]) => void
}

/** The actions in their order, and the ways to add, move and remove them. */
export function ActionList({ actions, problems, problem, onChange }: ActionListProps) {
  const [added, setAdded] = useState<ItemId | null>(null)
  const [said, setSaid] = useState('')
  const focusOn = useFocusAfter(actions)

  const add = (type: ActionType) => {
    const action = emptyAction(type)
    onChange([...actions, action])
    setAdded(action.id)
    setSaid('')
  }
  const move = (id: ItemId, by: -1 | 1) => {
    const moved = withMoved(actions, id, by)
    const place = moved.findIndex((action) => action.id === id)
    onChange(moved)
    setSaid(`Now action ${place + 1} of ${moved.length}`)
    const isAtEnd = place === 0 || place === moved.length - 1
    focusOn(`${id}-${(by < 0) === isAtEnd ? 'down' : 'up'}`)
  }
  const remove = (id: ItemId) => {
    const place = actions.findIndex((action) => action.id === id)
    const left = without(actions, id)
    onChange(left)
    setSaid(`Action ${place + 1} removed`)
    focusOn((left[place] ?? left.at(-1))?.id ?? 'add-COMMAND')
  }
  return (
    <Stack>
      {problem && (
        <Alert color="red" role="alert">
          {problem}
        </Alert>
      )}
      {actions.map((action, index) => (
        <ActionCard
          key={action.id}
          form={action}
          problems={problems}
          onChange={(changed) => onChange(withChanged(actions, action.id, changed))}
          number={index + 1}
          isLast={index === actions.length - 1}
          isNew={action.id === added}
          onMove={(by) => move(action.id, by)}
          onRemove={() => remove(action.id)}
        />
      ))}
      {actions.length === 0 && (
        <Text size="sm" c="dimmed">
          No actions yet. They run in order, from top to bottom.
        </Text>
      )}
      <AddAction onAdd={add} />
      <VisuallyHidden role="status">{said}</VisuallyHidden>
    </Stack>
  )
}

function AddAction({ onAdd }: { onAdd: (type: ActionType) => void }) {
  return (
    <div role="group" aria-labelledby="add-action">
      <Text size="sm" fw={600} mb={6} id="add-action">
        Add an action
      </Text>
      <Group gap="xs">
        {actionTypes.map((type) => (
          <Button
            key={type}
            id={`add-${type}`}
            variant="default"
            leftSection={<PlusIcon size={15} />}
            onClick={() => onAdd(type)}
          >
            {actionTypeWords[type]}
          </Button>
        ))}
      </Group>
    </div>
  )
}

/** The focus would be lost with what is moved or removed; it goes to the element with the id once the list has changed. */
function useFocusAfter(actions: readonly ActionForm[]) {
  const wanted = useRef<string | null>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list has changed
  useEffect(() => {
    if (wanted.current) document.getElementById(wanted.current)?.focus()
    wanted.current = null
  }, [actions])
  return (id: string) => {
    wanted.current = id
  }
}
