import { Button, Group as Line, Select, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useEffect } from 'react'
import { fieldProblems } from '../../lib/api/problem'
import type { Group, Role } from '../../lib/api/types'
import { Dialog } from '../../ui/dialog'
import { FormProblem } from '../../ui/form-problem'
import { roleChoices } from '../access/roles'
import { fieldOfPointer } from '../accounts/fields'
import { useCreateGroup, useEditGroup } from './queries'

const fieldOf = fieldOfPointer(['name', 'role'] as const)

interface Values {
  name: string
  role: Role
}

export function CreateGroupDialog({ onClose }: { onClose: () => void }) {
  const create = useCreateGroup()
  return (
    <Dialog onClose={onClose} title="New group">
      <GroupForm
        initial={{ name: '', role: 'read-only' }}
        button="Create the group"
        isPending={create.isPending}
        error={create.error}
        onSubmit={(values) => create.mutate(values, { onSuccess: onClose })}
        onClose={onClose}
      />
    </Dialog>
  )
}

export function EditGroupDialog({ group, onClose }: { group: Group; onClose: () => void }) {
  const edit = useEditGroup(group)
  return (
    <Dialog onClose={onClose} title={`Edit ${group.name}`}>
      <GroupForm
        initial={{ name: group.name, role: group.role }}
        button="Save"
        isPending={edit.isPending}
        error={edit.error}
        // The role may be changed meanwhile, where all of them stand side by side.
        onSubmit={({ name, role }) =>
          edit.mutate({ name, ...(role !== group.role && { role }) }, { onSuccess: onClose })
        }
        onClose={onClose}
      />
    </Dialog>
  )
}

interface GroupFormProps {
  initial: Values
  button: string
  isPending: boolean
  error: unknown
  onSubmit: (values: Values) => void
  onClose: () => void
}

function GroupForm({ initial, button, isPending, error, onSubmit, onClose }: GroupFormProps) {
  const form = useForm<Values>({
    initialValues: initial,
    validate: { name: (name) => (name.trim() ? null : 'Name the group') },
  })
  const { setErrors } = form
  useEffect(() => {
    setErrors(fieldProblems(error, fieldOf).fields)
  }, [error, setErrors])
  return (
    <form noValidate onSubmit={form.onSubmit(({ name, role }) => onSubmit({ name: name.trim(), role }))}>
      <Stack>
        <TextInput
          label="Name"
          placeholder="Support"
          data-autofocus
          autoComplete="off"
          {...form.getInputProps('name')}
        />
        <Select
          label="Role"
          description="Everywhere where no device group overrides it."
          data={roleChoices}
          allowDeselect={false}
          {...form.getInputProps('role')}
        />
        <FormProblem text={fieldProblems(error, fieldOf).rest} error={error} />
        <Line justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={isPending}>
            {button}
          </Button>
        </Line>
      </Stack>
    </form>
  )
}
