import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { writeYaml } from '../../../lib/draft/yaml-text'
import { type Editing, EditPage, useEdited } from '../../../ui/edit-page'
import { itemTypeToEdit, type ReadItemType, useSaveItemType } from '../queries'
import { TypeEditor } from './type-editor'

const route = getRouteApi('/in/item-types/$type/edit')

/** An item type that gets its next version. */
export function EditItemTypePage() {
  const { type: id } = route.useParams()
  const query = useQuery(itemTypeToEdit(id))
  return (
    <EditPage title="Edit an item type" query={query}>
      {(editing) => <EditItemType key={id} {...editing} />}
    </EditPage>
  )
}

function EditItemType(editing: Editing<ReadItemType>) {
  const { opened, etag, conflictOf } = useEdited(editing, startOf)
  const save = useSaveItemType({ id: opened.type.id, etag })
  return (
    <TypeEditor
      key={opened.etag}
      title={`Edit ${opened.type.name}`}
      type={opened.type}
      start={opened.start}
      save={save}
      saveLabel="Save"
      conflict={conflictOf('item type', save)}
    />
  )
}

function startOf({ type }: ReadItemType) {
  return writeYaml(type.spec)
}
