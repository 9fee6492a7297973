import { ActionIcon, Group, Stack, Text, Title } from '@mantine/core'
import { DownIcon, type Icon, TrashIcon, UpIcon } from '../../../ui/icons'
import { actionTypeWords } from '../action-words'
import { ActionFields } from './action-fields'
import classes from './editor.module.css'
import type { FieldsProps } from './fields'
import type { ActionForm } from './task-form'

interface ActionCardProps extends FieldsProps<ActionForm> {
  /** Its place in the list, from 1. */
  number: number
  isLast: boolean
  /** Whether it was just added: then one goes on in its first field. */
  isNew: boolean
  onMove: (by: -1 | 1) => void
  onRemove: () => void
}

/** One action of the form. */
export function ActionCard({ number, isLast, isNew, onMove, onRemove, ...fields }: ActionCardProps) {
  const { form, problems } = fields
  const problem = problems[`${form.id}/type`]
  return (
    <div className={classes.card} role="group" aria-labelledby={form.id}>
      <Group justify="space-between" wrap="nowrap" mb="sm">
        <Title order={3} size="h4" id={form.id} tabIndex={-1} className={classes.title}>
          {number}. {actionTypeWords[form.type]}
        </Title>
        <Group gap={4} wrap="nowrap">
          <CardButton
            id={`${form.id}-up`}
            label={`Move action ${number} up`}
            icon={UpIcon}
            isOff={number === 1}
            onClick={() => onMove(-1)}
          />
          <CardButton
            id={`${form.id}-down`}
            label={`Move action ${number} down`}
            icon={DownIcon}
            isOff={isLast}
            onClick={() => onMove(1)}
          />
          <CardButton
            id={`${form.id}-remove`}
            label={`Remove action ${number}`}
            icon={TrashIcon}
            isOff={false}
            onClick={onRemove}
          />
        </Group>
      </Group>
      <Stack gap="sm">
        {problem && (
          <Text size="sm" c="var(--mantine-color-error)">
            {problem}
          </Text>
        )}
        <ActionFields isNew={isNew} {...fields} />
      </Stack>
    </div>
  )
}

interface CardButtonProps {
  id: string
  label: string
  icon: Icon
  isOff: boolean
  onClick: () => void
}

function CardButton({ id, label, icon: Drawing, isOff, onClick }: CardButtonProps) {
  return (
    <ActionIcon
      id={id}
      variant="default"
      size="lg"
      aria-label={label}
      title={label}
      disabled={isOff}
      onClick={onClick}
    >
      <Drawing size={16} />
    </ActionIcon>
  )
}
