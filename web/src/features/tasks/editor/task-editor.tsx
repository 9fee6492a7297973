import { Alert, Button, Group, SegmentedControl, Stack } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, type ReactNode, type RefObject, useEffect, useMemo, useRef, useState } from 'react'
import { idempotencyKey } from '../../../lib/api/client'
import { ApiProblem } from '../../../lib/api/problem'
import type { FieldError, Task } from '../../../lib/api/types'
import type { View } from '../../../lib/draft/draft'
import { lineOf, type YamlProblem } from '../../../lib/draft/yaml-text'
import { LeaveGuard } from '../../../ui/leave-guard'
import { ButtonLink, TextLink } from '../../../ui/links'
import { Page } from '../../../ui/page'
import { YamlView } from '../../../ui/yaml-view'
import type { useSaveTask } from '../queries'
import { type Draft, hasChanged, toForm, toSpec, toYaml } from './draft'
import { placeProblems, problemsOf, unchangedProblems } from './problems'
import { TaskFields } from './task-fields'
import type { TaskForm } from './task-form'

interface TaskEditorProps {
  title: string
  /** The task that is changed; without it a new one is made. */
  task?: Task
  start: Draft
  save: ReturnType<typeof useSaveTask>
  saveLabel: string
  /** What is said while someone else's version is newer. */
  conflict?: ReactNode
}

const views: { value: View; label: string }[] = [
  { value: 'form', label: 'Form' },
  { value: 'yaml', label: 'YAML' },
]

/** What the server said about a draft. */
interface Refusal {
  draft: Draft
  errors: readonly FieldError[]
}

/** A task in two views, a form and its YAML. */
export function TaskEditor({ title, task, start, save, saveLabel, conflict }: TaskEditorProps) {
  const navigate = useNavigate()
  const [draft, setDraft] = useState(start)
  const [refusal, setRefusal] = useState<Refusal>({ draft: start, errors: [] })
  const [yamlProblems, setYamlProblems] = useState<readonly YamlProblem[]>([])
  const body = useRef<HTMLFormElement>(null)
  const isSaved = useRef(false)
  // One key for one content: a second press makes the same task, a changed draft another.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new draft is a new task
  const key = useMemo(idempotencyKey, [draft])
  const placed = useMemo(() => placeProblems(refusal.errors, refusal.draft.form), [refusal])
  const problems = unchangedProblems(placed, refusal.draft.form, draft.form)

  useFocusOnProblem(body, refusal)

  const show = (shown: Draft, errors: readonly FieldError[]) => {
    setDraft(shown)
    setRefusal({ draft: shown, errors })
    setYamlProblems(errors.map((error) => inYaml(error, shown.text)))
  }
  const changeForm = (changed: Partial<TaskForm>) =>
    setDraft((known) => ({ ...known, form: { ...known.form, ...changed } }))
  const turn = (view: View) => {
    const turned = view === 'yaml' ? { done: toYaml(draft) } : toForm(draft)
    if ('problem' in turned) return setYamlProblems([turned.problem])
    // What the server said holds as long as nothing was changed since.
    show(turned.done, refusal.draft === draft ? refusal.errors : [])
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const turned = toSpec(draft)
    if ('problem' in turned) return setYamlProblems([turned.problem])
    save.mutate(
      { spec: turned.done, key },
      {
        onSuccess: (saved) => {
          isSaved.current = true
          void navigate({ to: '/tasks/$task', params: { task: saved.id } })
        },
        onError: (error) => show(draft, isConflict(error) ? [] : problemsOf(error)),
      },
    )
  }
  return (
    <Page title={title} before={<WayBack task={task} />}>
      <form noValidate onSubmit={submit} ref={body}>
        <Stack>
          <div>
            <SegmentedControl
              aria-label="View"
              data={views}
              value={draft.view}
              onChange={(view) => turn(view as View)}
            />
          </div>
          {conflict}
          {draft.view === 'form' && problems.rest.length > 0 && (
            <Alert color="red" role="alert">
              {problems.rest.join('; ')}
            </Alert>
          )}
          {draft.view === 'form' ? (
            <TaskFields form={draft.form} problems={problems.places} onChange={changeForm} />
          ) : (
            <YamlView
              what="Task"
              command="taskey tasks apply"
              text={draft.text}
              problems={yamlProblems}
              onChange={(text) => setDraft({ ...draft, text })}
            />
          )}
          <Group justify="flex-end">
            {task ? (
              <ButtonLink variant="default" to="/tasks/$task" params={{ task: task.id }}>
                Cancel
              </ButtonLink>
            ) : (
              <ButtonLink variant="default" to="/tasks">
                Cancel
              </ButtonLink>
            )}
            <Button type="submit" loading={save.isPending}>
              {saveLabel}
            </Button>
          </Group>
        </Stack>
      </form>
      <LeaveGuard what="task" isNeeded={() => !isSaved.current && hasChanged(draft, start)} />
    </Page>
  )
}

function WayBack({ task }: { task?: Task }) {
  if (!task) {
    return (
      <TextLink to="/tasks" size="sm">
        Tasks
      </TextLink>
    )
  }
  return (
    <TextLink to="/tasks/$task" params={{ task: task.id }} size="sm">
      {task.name}
    </TextLink>
  )
}

/** After a refusal the first wrong field is where to go on. */
function useFocusOnProblem(body: RefObject<HTMLFormElement | null>, refusal: Refusal) {
  useEffect(() => {
    if (refusal.errors.length === 0) return
    body.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [body, refusal])
}

function inYaml({ pointer, detail }: FieldError, text: string): YamlProblem {
  return { line: lineOf(text, pointer), detail: pointer ? `${pointer}: ${detail}` : detail }
}

function isConflict(error: unknown): boolean {
  return error instanceof ApiProblem && error.code === 'precondition_failed'
}
