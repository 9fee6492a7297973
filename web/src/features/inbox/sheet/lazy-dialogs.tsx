import { lazy } from 'react'

/** The dialogs of a sheet, each read when it is first opened: most items are decided with one press. */

export const ResolveDialog = lazy(() =>
  import('./resolve-dialog').then((module) => ({ default: module.ResolveDialog })),
)

export const AssignDialog = lazy(() =>
  import('./assign-dialog').then((module) => ({ default: module.AssignDialog })),
)

export const SnoozeDialog = lazy(() =>
  import('./snooze-dialog').then((module) => ({ default: module.SnoozeDialog })),
)

export const EditDialog = lazy(() =>
  import('./edit-dialog').then((module) => ({ default: module.EditDialog })),
)

export const MergeDialog = lazy(() =>
  import('./merge-dialog').then((module) => ({ default: module.MergeDialog })),
)

export const CancelDialog = lazy(() =>
  import('./cancel-dialog').then((module) => ({ default: module.CancelDialog })),
)
