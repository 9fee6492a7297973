import { Button, Group, Stack, TagsInput, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useEffect } from 'react'
import { fieldProblems } from '../../lib/api/problem'
import type { Device } from '../../lib/api/types'
import { Dialog } from '../../ui/dialog'
import { FormProblem } from '../../ui/form-problem'
import { labelPairs, parseLabels } from './label-text'
import { useEditDevice } from './queries'

const fieldOf = (pointer: string) => {
  if (pointer === '/name') return 'name'
  return pointer.startsWith('/labels') ? 'labels' : null
}

/** Renames a device and changes its labels. */
export function EditDeviceDialog({ device, onClose }: { device: Device; onClose: () => void }) {
  const edit = useEditDevice(device)
  const form = useForm({
    initialValues: { name: device.name, labels: labelPairs(device.labels) },
    validate: { name: (name) => (name.trim() ? null : 'Give it a name') },
  })
  const { setErrors } = form

  useEffect(() => {
    setErrors(fieldProblems(edit.error, fieldOf).fields)
  }, [edit.error, setErrors])

  const { rest } = fieldProblems(edit.error, fieldOf)
  return (
    <Dialog onClose={onClose} title={`Edit ${device.name}`}>
      <form
        noValidate
        onSubmit={form.onSubmit(({ name, labels }) =>
          edit.mutate({ name: name.trim(), labels: parseLabels(labels) }, { onSuccess: onClose }),
        )}
      >
        <Stack>
          <TextInput
            label="Name"
            description="Letters, digits, dots, dashes and underscores; unique in the organization."
            autoComplete="off"
            spellCheck={false}
            data-autofocus
            {...form.getInputProps('name')}
          />
          <TagsInput
            label="Labels"
            description="key=value, each with Enter."
            {...form.getInputProps('labels')}
          />
          <FormProblem text={rest} error={edit.error} device={device.id} />
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
