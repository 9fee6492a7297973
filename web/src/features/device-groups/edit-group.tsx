import { Button, Group, Stack, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useEffect } from 'react'
import { fieldProblems } from '../../lib/api/problem'
import type { DeviceGroup } from '../../lib/api/types'
import { Dialog } from '../../ui/dialog'
import { FormProblem } from '../../ui/form-problem'
import { fieldOfPointer } from '../accounts/fields'
import { useCreateDeviceGroup, useEditDeviceGroup } from './queries'

const fieldOf = fieldOfPointer(['name', 'description'] as const)

interface Values {
  name: string
  description: string
}

export function CreateDeviceGroupDialog({ onClose }: { onClose: () => void }) {
  const create = useCreateDeviceGroup()
  return (
    <Dialog onClose={onClose} title="New device group">
      <DeviceGroupForm
        initial={{ name: '', description: '' }}
        button="Create the device group"
        isPending={create.isPending}
        error={create.error}
        onSubmit={(values) => create.mutate(values, { onSuccess: onClose })}
        onClose={onClose}
      />
    </Dialog>
  )
}

export function EditDeviceGroupDialog({ group, onClose }: { group: DeviceGroup; onClose: () => void }) {
  const edit = useEditDeviceGroup(group)
  return (
    <Dialog onClose={onClose} title={`Edit ${group.name}`}>
      <DeviceGroupForm
        initial={{ name: group.name, description: group.description }}
        button="Save"
        isPending={edit.isPending}
        error={edit.error}
        onSubmit={(values) => edit.mutate(values, { onSuccess: onClose })}
        onClose={onClose}
      />
    </Dialog>
  )
}

interface DeviceGroupFormProps {
  initial: Values
  button: string
  isPending: boolean
  error: unknown
  onSubmit: (values: Values) => void
  onClose: () => void
}

function DeviceGroupForm({ initial, button, isPending, error, onSubmit, onClose }: DeviceGroupFormProps) {
  const form = useForm<Values>({
    initialValues: initial,
    validate: { name: (name) => (name.trim() ? null : 'Name the device group') },
  })
  const { setErrors } = form
  useEffect(() => {
    setErrors(fieldProblems(error, fieldOf).fields)
  }, [error, setErrors])
  return (
    <form
      noValidate
      onSubmit={form.onSubmit(({ name, description }) =>
        onSubmit({ name: name.trim(), description: description.trim() }),
      )}
    >
      <Stack>
        <TextInput
          label="Name"
          placeholder="production"
          data-autofocus
          autoComplete="off"
          spellCheck={false}
          {...form.getInputProps('name')}
        />
        <Textarea
          label="Description"
          autosize
          minRows={2}
          maxRows={6}
          {...form.getInputProps('description')}
        />
        <FormProblem text={fieldProblems(error, fieldOf).rest} error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={isPending}>
            {button}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
