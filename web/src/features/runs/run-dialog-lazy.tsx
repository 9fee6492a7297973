import { lazy, Suspense } from 'react'

interface RunDialogProps {
  /** Name of the task to run, where one comes from its page. */
  task?: string
  /** Devices chosen from the start. */
  devices?: readonly string[]
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
