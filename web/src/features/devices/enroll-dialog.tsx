import { Button, Group, NumberInput, Select, Stack, TagsInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useEffect } from 'react'
import { answer, api } from '../../lib/api/client'
import { fieldProblems } from '../../lib/api/problem'
import type { CreateEnrollToken } from '../../lib/api/types'
import { Dialog } from '../../ui/dialog'
import { FormProblem } from '../../ui/form-problem'
import { DeviceGroupsField } from '../device-groups/groups-field'
import { JoinSteps } from './join-steps'
import { parseLabels } from './label-text'

const usesMax = 10_000

const lifetimes = [
  { value: '10m', label: '10 minutes' },
  { value: '1h', label: '1 hour' },
  { value: '1d', label: '1 day' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
]

type Field = 'uses' | 'ttl' | 'labels' | 'groups'

const fieldOf = (pointer: string): Field | null =>
  (['uses', 'ttl', 'labels', 'groups'] as const).find(
    (field) => pointer === `/${field}` || pointer.startsWith(`/${field}/`),
  ) ?? null

/** Makes an enrolment token, shows what to type on the device, and waits for it to join. */
export function EnrollDialog({ onClose }: { onClose: () => void }) {
  const create = useMutation({
    mutationFn: (body: CreateEnrollToken) => answer(api.POST('/api/v1/enroll-tokens', { body })),
  })
  return (
    <Dialog onClose={onClose} title="Enrol a device" size="lg" closeOnClickOutside={!create.data}>
      {create.data ? (
        <JoinSteps token={create.data} uses={create.variables?.uses ?? 1} onClose={onClose} />
      ) : (
        <TokenForm
          isPending={create.isPending}
          error={create.error}
          onSubmit={create.mutate}
          onClose={onClose}
        />
      )}
    </Dialog>
  )
}

interface TokenFormProps {
  isPending: boolean
  error: unknown
  onSubmit: (body: CreateEnrollToken) => void
  onClose: () => void
}

function TokenForm({ isPending, error, onSubmit, onClose }: TokenFormProps) {
  const form = useForm({
    initialValues: { uses: 1 as number | string, ttl: '1h', labels: [] as string[], groups: [] as string[] },
    validate: {
      uses: (uses) =>
        Number.isInteger(uses) && Number(uses) >= 1 && Number(uses) <= usesMax
          ? null
          : 'A number from 1 to 10,000',
    },
  })
  const { setErrors } = form

  useEffect(() => {
    setErrors(fieldProblems(error, fieldOf).fields)
  }, [error, setErrors])

  const { rest } = fieldProblems(error, fieldOf)
  return (
    <form
      noValidate
      onSubmit={form.onSubmit(({ uses, ttl, labels, groups }) =>
        onSubmit({ uses: Number(uses), ttl, labels: parseLabels(labels), groups }),
      )}
    >
      <Stack>
        <Group grow align="flex-start">
          <NumberInput
            label="Devices that may join"
            min={1}
            max={usesMax}
            allowDecimal={false}
            {...form.getInputProps('uses')}
          />
          <Select label="Valid for" data={lifetimes} allowDeselect={false} {...form.getInputProps('ttl')} />
        </Group>
        <TagsInput
          label="Labels"
          description="Given to every device that joins: key=value, each with Enter."
          placeholder="role=web"
          {...form.getInputProps('labels')}
        />
        <DeviceGroupsField {...form.getInputProps('groups')} />
        <FormProblem text={rest} error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={isPending} data-autofocus>
            Make the command
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
