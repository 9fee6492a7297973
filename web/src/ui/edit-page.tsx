import { type ReactNode, useState } from 'react'
import { ApiProblem } from '../lib/api/problem'
import { Failed, LoadingRows } from './answers'
import { Conflict } from './conflict'
import { Page } from './page'

/** Something as it is on the server, as far as we know, and how it is read again. */
export interface Editing<Read> {
  newest: Read
  read: () => Promise<{ isSuccess: boolean; data: Read | undefined }>
}

interface EditPageProps<Read> {
  /** Until it is read and has a name: `Edit a task`. */
  title: string
  query: { data: Read | undefined; isError: boolean; error: unknown; refetch: Editing<Read>['read'] }
  children: (editing: Editing<Read>) => ReactNode
}

/** The page of something that is changed, from before it is read. */
export function EditPage<Read>({ title, query, children }: EditPageProps<Read>) {
  if (query.data) return children({ newest: query.data, read: query.refetch })
  return (
    <Page title={title}>
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </Page>
  )
}

interface Saving {
  isPending: boolean
  isSuccess: boolean
  error: unknown
  reset: () => void
}

/**
 * The version with which an editor was opened, and `start`, what it begins with; with another version it has to begin anew. `etag`: the
 * version that is replaced by saving.
 */
export function useEdited<Read extends { etag: string }, Start>(
  { newest, read }: Editing<Read>,
  startOf: (read: Read) => Start,
) {
  const open = (version: Read) => ({ ...version, start: startOf(version) })
  const [opened, setOpened] = useState(() => open(newest))
  const [etag, setEtag] = useState(newest.etag)

  /** What is said while someone else's version is newer. `what`: `task`. */
  const conflictOf = (what: string, save: Saving) => {
    const isOld = etag !== newest.etag && !save.isPending && !save.isSuccess
    const wasRefused = save.error instanceof ApiProblem && save.error.code === 'precondition_failed'
    if (!isOld && !wasRefused) return null
    const goOnFrom = async (decide: (now: Read) => void) => {
      const { isSuccess, data } = await read()
      if (!isSuccess || !data) return
      save.reset()
      setEtag(data.etag)
      decide(data)
    }
    return (
      <Conflict
        what={what}
        onLoad={() => goOnFrom((now) => setOpened(open(now)))}
        onKeep={() => goOnFrom(() => undefined)}
      />
    )
  }
  return { opened, etag, conflictOf }
}
