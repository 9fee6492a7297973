import { useSaveItemType } from '../queries'
import { TypeEditor } from './type-editor'
import { newTypeText } from './type-text'

/** An item type that is not there yet. */
export function NewItemTypePage() {
  return (
    <TypeEditor
      title="New item type"
      start={newTypeText}
      save={useSaveItemType()}
      saveLabel="Create the item type"
    />
  )
}
