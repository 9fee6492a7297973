import { Text } from '@mantine/core'
import type { Organization } from '../../lib/api/types'
import { count } from '../../lib/words'
import { Confirm } from '../../ui/confirm'
import { useDeleteOrganization } from './queries'

/** As the server has it. */
const graceDays = 30

interface DeleteOrganizationProps {
  organization: Organization
  onClose: () => void
}

/** Deletes an organization after its name was typed. */
export function DeleteOrganizationDialog({ organization, onClose }: DeleteOrganizationProps) {
  const remove = useDeleteOrganization(organization)
  return (
    <Confirm
      title="Delete this organization?"
      button={`Delete ${organization.name}`}
      typed={organization.name}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Text size="sm">
        Nobody of {organization.name} is let in from now on, and no device. For {graceDays} days you can bring
        it back as it is; after that its {count(organization.members, 'user')},{' '}
        {count(organization.devices, 'device')}, tasks, runs and secrets are removed for good.
      </Text>
    </Confirm>
  )
}
