import { Stack, Text } from '@mantine/core'
import { usePagedList } from '../../lib/api/pages'
import type { ItemType } from '../../lib/api/types'
import { count } from '../../lib/words'
import { ListAnswer, LoadMore, NothingHere } from '../../ui/answers'
import { CopyBlock } from '../../ui/copy'
import { ItemTypeIcon, PlusIcon } from '../../ui/icons'
import { ButtonLink } from '../../ui/links'
import { Page } from '../../ui/page'
import { Row, RowLink, Rows } from '../../ui/rows'
import { RefusedButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { itemTypeList } from './queries'

/** The organization's item types. */
export function ItemTypesPage() {
  const { query, items } = usePagedList(itemTypeList())
  return (
    <Page title="Item types" actions={<NewItemType />}>
      <ListAnswer query={query} items={items} empty={<NoItemTypes />}>
        {(types) => (
          <>
            <TypeRows types={types} />
            <LoadMore query={query} what="item types" />
          </>
        )}
      </ListAnswer>
    </Page>
  )
}

function TypeRows({ types }: { types: readonly ItemType[] }) {
  return (
    <Rows label="Item types">
      {types.map((type) => (
        <Row key={type.id}>
          <RowLink to="/item-types/$type" params={{ type: type.id }}>
            {type.name}
          </RowLink>
          {type.spec.description && (
            <Text size="sm" lineClamp={2}>
              {type.spec.description}
            </Text>
          )}
          <Text size="sm" c="dimmed">
            {count(type.open_count, 'open item')} · version {type.version}
          </Text>
        </Row>
      ))}
    </Rows>
  )
}

function NewItemType() {
  const may = useMay()
  const button = { leftSection: <PlusIcon size={16} />, children: 'New item type' }
  if (may('item-types.write')) return <ButtonLink to="/item-types/new" {...button} />
  return <RefusedButton why={{ verb: 'item-types.write' }} {...button} />
}

function NoItemTypes() {
  return (
    <NothingHere icon={ItemTypeIcon} title="No item types yet" action={<NewItemType />}>
      <Stack gap="sm">
        <div>
          An item type says what applications may ask people: what an item holds, how it reads, and the ways
          to resolve it. Make one here, or write it as a file and send it with the command line:
        </div>
        <CopyBlock text="taskey item-types apply -f refund.yaml" label="Command that stores an item type" />
      </Stack>
    </NothingHere>
  )
}
