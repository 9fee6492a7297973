import { Button, Group, Stack, Text, Textarea, UnstyledButton } from '@mantine/core'
import { type FormEvent, useId, useState } from 'react'
import { ApiProblem, problemText } from '../../../lib/api/problem'
import type { Choice } from '../../../lib/api/types'
import { Dialog } from '../../../ui/dialog'
import { FormProblem } from '../../../ui/form-problem'
import { SchemaFields } from '../form/schema-fields'
import { formFields, formProblems, readForm, valuesOf } from '../form/schema-form'
import { type Answer, hasReasons, isReasonEnough } from './choices'
import classes from './resolve-dialog.module.css'

interface ResolveDialogProps {
  choice: Choice
  isPending: boolean
  error: unknown
  onDecide: (answer: Answer) => void
  onClose: () => void
}

/** What has to be said before a decision: a reason, the answers to a form, or that one is sure. */
export function ResolveDialog({ choice, isPending, error, onDecide, onClose }: ResolveDialogProps) {
  const fields = formFields(choice.form)
  const [values, setValues] = useState(() => valuesOf(choice.form, fields))
  const [reason, setReason] = useState('')
  const [own, setOwn] = useState<Readonly<Record<string, string>>>({})
  const told = problemsOf(error, fields)
  const problems = Object.keys(own).length > 0 ? own : told.problems

  const decide = (because: string) => {
    const read = readForm(fields, values)
    const isMissing = choice.reason_required && because.trim() === ''
    if ('problems' in read || isMissing) {
      return setOwn({
        ...('problems' in read && read.problems),
        ...(isMissing && { '': 'A reason is needed.' }),
      })
    }
    setOwn({})
    onDecide({
      ...(because.trim() && { reason: because.trim() }),
      ...(fields.length > 0 && { answers: read.values }),
    })
  }
  const take = (each: string) => {
    if (isReasonEnough(choice)) return decide(each)
    setReason(reason === each ? '' : each)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    decide(reason)
  }
  return (
    <Dialog onClose={onClose} title={choice.label}>
      <form noValidate onSubmit={submit}>
        <Stack>
          {choice.confirm && <Text>{choice.confirm}</Text>}
          <SchemaFields fields={fields} values={values} problems={problems} onChange={setValues} />
          {hasReasons(choice) && (
            <Reasons
              choice={choice}
              reason={reason}
              problem={own[''] ?? told.reason}
              isPending={isPending}
              onTake={take}
              onWrite={setReason}
            />
          )}
          <FormProblem text={told.rest} error={error} />
          <Group justify="space-between" gap="lg">
            <Button variant="default" mih={48} onClick={onClose}>
              Back
            </Button>
            <Button type="submit" mih={48} loading={isPending} color={choice.refusal ? 'red' : undefined}>
              {choice.label}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}

interface ReasonsProps {
  choice: Choice
  reason: string
  problem: string | undefined
  isPending: boolean
  onTake: (reason: string) => void
  onWrite: (reason: string) => void
}

/** Reasons to tap, and a place for another. */
function Reasons({ choice, reason, problem, isPending, onTake, onWrite }: ReasonsProps) {
  const id = useId()
  const isListed = choice.reasons.includes(reason)
  return (
    <>
      {choice.reasons.length > 0 && (
        <div>
          <Text size="sm" fw={500} mb={6} id={id}>
            Why?
          </Text>
          <div className={classes.reasons} role="group" aria-labelledby={id}>
            {choice.reasons.map((each, place) => (
              <UnstyledButton
                key={each}
                data-autofocus={place === 0 || undefined}
                className={classes.reason}
                disabled={isPending}
                aria-pressed={isReasonEnough(choice) ? undefined : reason === each}
                onClick={() => onTake(each)}
              >
                {each}
              </UnstyledButton>
            ))}
          </div>
        </div>
      )}
      <Textarea
        data-autofocus={choice.reasons.length === 0 || undefined}
        label={choice.reasons.length > 0 ? 'Another reason' : 'Why?'}
        autosize
        minRows={1}
        maxRows={6}
        required={choice.reason_required && choice.reasons.length === 0}
        maxLength={2_000}
        error={problem}
        value={isListed ? '' : reason}
        onChange={(event) => onWrite(event.currentTarget.value)}
      />
    </>
  )
}

/** The server's problems where they belong; what ends the dialog anyway is told behind it. */
function problemsOf(error: unknown, fields: ReturnType<typeof formFields>) {
  if (!(error instanceof ApiProblem)) return { problems: {}, rest: error ? problemText(error) : null }
  if (error.errors.length === 0) return { problems: {}, rest: problemText(error) }
  const isAboutReason = ({ pointer }: { pointer: string }) => pointer === '/reason'
  const reason = error.errors.find(isAboutReason)?.detail
  const { problems, rest } = formProblems(
    error.errors.filter((each) => !isAboutReason(each)),
    fields,
    '/answers',
  )
  return { problems, reason, rest: rest.length > 0 ? rest.join('; ') : null }
}
