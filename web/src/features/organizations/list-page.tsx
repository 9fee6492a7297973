import { Button } from '@mantine/core'
import { useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import { ListAnswer, LoadMore } from '../../ui/answers'
import { PlusIcon } from '../../ui/icons'
import { Page } from '../../ui/page'
import { Row, Rows } from '../../ui/rows'
import { CreateOrganizationDialog } from './create-organization'
import { OrganizationRow } from './organization-row'
import { organizationList } from './queries'

/** The organizations of this server, for who operates it. */
export function OrganizationsPage() {
  const { query, items } = usePagedList(organizationList())
  const [isCreating, setCreating] = useState(false)
  return (
    <Page
      title="Organizations"
      actions={
        <Button leftSection={<PlusIcon size={16} />} onClick={() => setCreating(true)}>
          New organization
        </Button>
      }
    >
      <ListAnswer query={query} items={items} empty={null}>
        {(organizations) => (
          <>
            <Rows label="Organizations">
              {organizations.map((organization) => (
                <Row key={organization.id}>
                  <OrganizationRow organization={organization} />
                </Row>
              ))}
            </Rows>
            <LoadMore query={query} what="organizations" />
          </>
        )}
      </ListAnswer>
      {isCreating && <CreateOrganizationDialog onClose={() => setCreating(false)} />}
    </Page>
  )
}
