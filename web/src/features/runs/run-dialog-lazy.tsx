import { lazy, Suspense } from 'react'
import type { Task } from '../../lib/api/types'

export interface RunDialogProps {
  /** The task to run, where one comes from its page. */
  task?: Pick<Task, 'name' | 'self_service'>
  /** Devices chosen from the start. */
  devices?: readonly string[]
  /** Device groups chosen from the start. */
  groups?: readonly string[]
  /** A selector written from the start. */
  selector?: string
  /** Stored tasks come first where commands and scripts are not allowed on what was chosen. */
  startsWith?: 'task'
  onClose: () => void
}

const Loaded = lazy(() =>
  import('./run-dialog').then(({ RunDialogContent }) => ({ default: RunDialogContent })),
)

/** The dialog that starts a run; its code is read when it is first opened. */
export function RunDialog(props: RunDialogProps) {
  return (
    <Suspense>
      <Loaded {...props} />
    </Suspense>
  )
}
