import { Alert, Button, Group, SegmentedControl, Stack } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, type ReactNode, type RefObject, useEffect, useMemo, useRef, useState } from 'react'
import { idempotencyKey } from '../../../lib/api/client'
import { ApiProblem } from '../../../lib/api/problem'
import type { FieldError, Schedule, ScheduleSpec } from '../../../lib/api/types'
import type { View } from '../../../lib/draft/draft'
import { lineOf, type YamlProblem } from '../../../lib/draft/yaml-text'
import { useLocale } from '../../../lib/locale'
import { viewerZone } from '../../../lib/time/zone'
import { LeaveGuard } from '../../../ui/leave-guard'
import { ButtonLink, TextLink } from '../../../ui/links'
import { Page } from '../../../ui/page'
import { YamlView } from '../../../ui/yaml-view'
import { Preview } from '../preview/preview'
import { type useSaveSchedule, useSimulate } from '../queries'
import { type Draft, hasChanged, toForm, toSpec, toYaml } from './draft'
import classes from './editor.module.css'
import { placeProblems, problemsOf, problemsOfFilled, unchangedProblems } from './problems'
import { timesOf } from './rule'
import { type Asked, SaveOnMany } from './save-on-many'
import { ScheduleFields } from './schedule-fields'
import type { ScheduleForm } from './schedule-form'
import { firingsMax, useTold } from './use-told'

interface ScheduleEditorProps {
  title: string
  /** The schedule that is changed; without it a new one is made. */
  schedule?: Schedule
  start: Draft
  save: ReturnType<typeof useSaveSchedule>
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

/** A schedule in two views, a form and its YAML, beside what it would do. */
export function ScheduleEditor({ title, schedule, start, save, saveLabel, conflict }: ScheduleEditorProps) {
  const navigate = useNavigate()
  const locale = useLocale()
  const viewer = viewerZone(locale.timeZone)
  const [draft, setDraft] = useState(start)
  const [refusal, setRefusal] = useState<Refusal>({ draft: start, errors: [] })
  const [yamlProblems, setYamlProblems] = useState<readonly YamlProblem[]>([])
  const [asked, setAsked] = useState<Asked | null>(null)
  const body = useRef<HTMLFormElement>(null)
  const isSaved = useRef(false)
  const simulate = useSimulate()
  // One key for one content: a second press makes the same schedule, a changed draft another.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new draft is a new schedule
  const key = useMemo(idempotencyKey, [draft])
  const preview = useTold(draft)
  const refused = useMemo(() => placeProblems(refusal.errors, refusal.draft.form), [refusal])
  const problems = {
    ...problemsOfFilled(unchangedProblems(preview.placed.places, preview.draft.form, draft.form), draft.form),
    ...unchangedProblems(refused.places, refusal.draft.form, draft.form),
  }

  useFocusOnProblem(body, refusal)

  const show = (shown: Draft, errors: readonly FieldError[]) => {
    setDraft(shown)
    setRefusal({ draft: shown, errors })
    setYamlProblems(errors.map((error) => inYaml(error, shown.text)))
  }
  const changeForm = (changed: Partial<ScheduleForm>) =>
    setDraft((known) => ({ ...known, form: { ...known.form, ...changed } }))
  const turn = (view: View) => {
    const turned = view === 'yaml' ? { done: toYaml(draft) } : toForm(draft)
    if ('problem' in turned) return setYamlProblems([turned.problem])
    // What the server said holds as long as nothing was changed since.
    show(turned.done, refusal.draft === draft ? refusal.errors : [])
  }
  const refuse = (error: unknown) => show(draft, isConflict(error) ? [] : problemsOf(error))
  const store = (spec: ScheduleSpec) =>
    save.mutate(
      { spec, key },
      {
        onSuccess: (saved) => {
          isSaved.current = true
          void navigate({ to: '/schedules/$schedule', params: { schedule: saved.id } })
        },
        onError: (error) => {
          setAsked(null)
          refuse(error)
        },
      },
    )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const turned = toSpec(draft)
    if ('problem' in turned) return setYamlProblems([turned.problem])
    const spec = turned.done
    // On how many devices it will run is asked anew: they may have changed since the preview.
    simulate.mutate(spec, {
      onSuccess: (told) => (told.device_count > 1 ? setAsked({ spec, simulation: told }) : store(spec)),
      onError: refuse,
    })
  }
  return (
    <Page title={title} before={<WayBack schedule={schedule} />}>
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
          {draft.view === 'form' && refused.rest.length > 0 && (
            <Alert color="red" role="alert">
              {refused.rest.join('; ')}
            </Alert>
          )}
          <div className={classes.columns}>
            {draft.view === 'form' ? (
              <ScheduleFields form={draft.form} problems={problems} viewer={viewer} onChange={changeForm} />
            ) : (
              <div>
                <YamlView
                  what="Schedule"
                  command="taskey schedules apply"
                  text={draft.text}
                  problems={yamlProblems}
                  onChange={(text) => setDraft({ ...draft, text })}
                />
              </div>
            )}
            <aside className={classes.preview} aria-label="What it would do">
              <Preview
                spec={preview.spec}
                told={preview.query.data}
                isOld={preview.isOld}
                problems={preview.problemTexts}
                times={preview.draft.form.rules.flatMap(timesOf)}
                firingsMax={firingsMax}
                isSaved={schedule !== undefined}
              />
            </aside>
          </div>
          <Group justify="flex-end">
            {schedule ? (
              <ButtonLink variant="default" to="/schedules/$schedule" params={{ schedule: schedule.id }}>
                Cancel
              </ButtonLink>
            ) : (
              <ButtonLink variant="default" to="/schedules">
                Cancel
              </ButtonLink>
            )}
            <Button type="submit" loading={save.isPending || simulate.isPending}>
              {saveLabel}
            </Button>
          </Group>
        </Stack>
      </form>
      {asked && (
        <SaveOnMany
          asked={asked}
          isPending={save.isPending}
          onSave={() => store(asked.spec)}
          onClose={() => setAsked(null)}
        />
      )}
      <LeaveGuard what="schedule" isNeeded={() => !isSaved.current && hasChanged(draft, start)} />
    </Page>
  )
}

function WayBack({ schedule }: { schedule?: Schedule }) {
  if (!schedule) {
    return (
      <TextLink to="/schedules" size="sm">
        Schedules
      </TextLink>
    )
  }
  return (
    <TextLink to="/schedules/$schedule" params={{ schedule: schedule.id }} size="sm">
      {schedule.name}
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
