import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiProblem } from '../../../lib/api/problem'
import { writeYaml } from '../../../lib/draft/yaml-text'
import { Failed, LoadingRows } from '../../../ui/answers'
import { Conflict } from '../../../ui/conflict'
import { Page } from '../../../ui/page'
import { itemTypeToEdit, type ReadItemType, useSaveItemType } from '../queries'
import { TypeEditor } from './type-editor'

const route = getRouteApi('/in/item-types/$type/edit')

/** An item type that gets its next version. */
export function EditItemTypePage() {
  const { type: id } = route.useParams()
  const query = useQuery(itemTypeToEdit(id))
  if (query.data) return <EditItemType key={id} newest={query.data} read={query.refetch} />
  return (
    <Page title="Edit an item type">
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </Page>
  )
}

interface EditItemTypeProps {
  /** As it is on the server, as far as we know. */
  newest: ReadItemType
  /** Reads it again. */
  read: () => Promise<{ isSuccess: boolean; data: ReadItemType | undefined }>
}

function EditItemType({ newest, read }: EditItemTypeProps) {
  const [{ type, start, key }, setOpened] = useState(() => opened(newest))
  const [etag, setEtag] = useState(newest.etag)
  const save = useSaveItemType({ id: type.id, etag })
  const isOld = etag !== newest.etag && !save.isPending && !save.isSuccess
  const wasRefused = save.error instanceof ApiProblem && save.error.code === 'precondition_failed'

  const goOnFrom = async (decide: (now: ReadItemType) => void) => {
    const { isSuccess, data } = await read()
    if (!isSuccess || !data) return
    save.reset()
    setEtag(data.etag)
    decide(data)
  }
  return (
    <TypeEditor
      key={key}
      title={`Edit ${type.name}`}
      type={type}
      start={start}
      save={save}
      saveLabel="Save"
      conflict={
        (isOld || wasRefused) && (
          <Conflict
            what="item type"
            onLoad={() => goOnFrom((now) => setOpened(opened(now)))}
            onKeep={() => goOnFrom(() => undefined)}
          />
        )
      }
    />
  )
}

/** A version that is being edited; with another one the editor begins anew. */
function opened({ type, etag }: ReadItemType) {
  return { type, start: writeYaml(type.spec), key: etag }
}
