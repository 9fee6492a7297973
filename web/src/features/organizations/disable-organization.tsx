import { Text } from '@mantine/core'
import type { Organization } from '../../lib/api/types'
import { count } from '../../lib/words'
import { Confirm } from '../../ui/confirm'
import { useEditOrganization } from './queries'

interface DisableOrganizationProps {
  organization: Organization
  onClose: () => void
}

/** Shuts an organization out after asking. */
export function DisableOrganizationDialog({ organization, onClose }: DisableOrganizationProps) {
  const edit = useEditOrganization(organization)
  return (
    <Confirm
      title="Disable this organization?"
      button={`Disable ${organization.name}`}
      keep="Leave it"
      isPending={edit.isPending}
      error={edit.error}
      onConfirm={() => edit.mutate({ disabled: true }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Text size="sm">
        Its {count(organization.members, 'user')} and {count(organization.devices, 'device')} are let in
        nowhere until you enable it again. Nothing is lost.
      </Text>
    </Confirm>
  )
}
