import { Button, Text } from '@mantine/core'
import { useState } from 'react'
import type { Me } from '../../lib/api/types'
import { Section } from '../../ui/section'
import { RenameOrganizationDialog } from '../organizations/rename-organization'

/** What a super user sets for the whole organization. */
export function OrganizationSection({ me }: { me: Me }) {
  const [isRenaming, setRenaming] = useState(false)
  return (
    <Section title="Your organization">
      <Text size="sm" c="dimmed" mb="sm">
        {me.organization.name}: as a super user you may give it another name. People who name it when they
        sign in have to know.
      </Text>
      <Button variant="default" onClick={() => setRenaming(true)}>
        Rename the organization
      </Button>
      {isRenaming && (
        <RenameOrganizationDialog organization={me.organization} onClose={() => setRenaming(false)} />
      )}
    </Section>
  )
}
