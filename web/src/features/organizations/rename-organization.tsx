import { Button, Group, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useEffect } from 'react'
import { fieldProblems } from '../../lib/api/problem'
import type { Organization } from '../../lib/api/types'
import { Dialog } from '../../ui/dialog'
import { FormProblem } from '../../ui/form-problem'
import { fieldOfPointer } from '../accounts/fields'
import { useEditOrganization } from './queries'

const fieldOf = fieldOfPointer(['name'] as const)

interface RenameOrganizationProps {
  organization: Pick<Organization, 'id' | 'name'>
  onClose: () => void
}

export function RenameOrganizationDialog({ organization, onClose }: RenameOrganizationProps) {
  const edit = useEditOrganization(organization)
  const form = useForm({
    initialValues: { name: organization.name },
    validate: { name: (name) => (name.trim() ? null : 'Name the organization') },
  })
  const { setErrors } = form
  useEffect(() => {
    setErrors(fieldProblems(edit.error, fieldOf).fields)
  }, [edit.error, setErrors])
  return (
    <Dialog onClose={onClose} title={`Rename ${organization.name}`}>
      <form
        noValidate
        onSubmit={form.onSubmit(({ name }) => edit.mutate({ name: name.trim() }, { onSuccess: onClose }))}
      >
        <Stack>
          <TextInput label="Name" autoComplete="off" data-autofocus {...form.getInputProps('name')} />
          <FormProblem text={fieldProblems(edit.error, fieldOf).rest} error={edit.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={edit.isPending}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
