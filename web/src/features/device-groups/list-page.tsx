import { Text } from '@mantine/core'
import { useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import type { DeviceGroup } from '../../lib/api/types'
import { count } from '../../lib/words'
import { ListAnswer, LoadMore, NothingHere } from '../../ui/answers'
import { DeviceGroupIcon, PlusIcon } from '../../ui/icons'
import { Page } from '../../ui/page'
import { Row, RowLink, Rows } from '../../ui/rows'
import { ActionButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { roleWord } from '../access/roles'
import { CreateDeviceGroupDialog } from './edit-group'
import classes from './list-page.module.css'
import { deviceGroupList } from './queries'

/** The device groups that one may see. */
export function DeviceGroupsPage() {
  const may = useMay()
  const { query, items } = usePagedList(deviceGroupList())
  const [isCreating, setCreating] = useState(false)
  return (
    <Page
      title="Device groups"
      actions={
        <ActionButton
          may={may('device-groups.write')}
          why={{ verb: 'device-groups.write' }}
          leftSection={<PlusIcon size={16} />}
          onClick={() => setCreating(true)}
        >
          New device group
        </ActionButton>
      }
    >
      <ListAnswer
        query={query}
        items={items}
        empty={
          <NothingHere icon={DeviceGroupIcon} title="No device groups yet">
            A device group is a name for devices that belong together, such as production. Runs can be started
            on all of them, and groups of users can have another role there. A device may be in several.
          </NothingHere>
        }
      >
        {(groups) => (
          <>
            <Rows label="Device groups">
              {groups.map((group) => (
                <Row key={group.id}>
                  <DeviceGroupRow group={group} />
                </Row>
              ))}
            </Rows>
            <LoadMore query={query} what="device groups" />
          </>
        )}
      </ListAnswer>
      {isCreating && <CreateDeviceGroupDialog onClose={() => setCreating(false)} />}
    </Page>
  )
}

function DeviceGroupRow({ group }: { group: DeviceGroup }) {
  return (
    <>
      <div className={classes.line}>
        <RowLink to="/device-groups/$group" params={{ group: group.id }}>
          {group.name}
        </RowLink>
        <span className={classes.facts}>
          {count(group.devices, 'device')} · you: {roleWord(group.role)}
        </span>
      </div>
      {group.description && (
        <Text size="sm" lineClamp={2}>
          {group.description}
        </Text>
      )}
    </>
  )
}
