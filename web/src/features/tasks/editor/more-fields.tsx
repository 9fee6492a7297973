import { Button, Stack } from '@mantine/core'
import { type ReactNode, useId, useState } from 'react'
import type { OnFailure } from '../../../lib/api/types'
import { ClosedIcon, OpenIcon } from '../../../ui/icons'
import { onFailureWords } from '../action-words'
import classes from './editor.module.css'
import { Choice, CodeInput, type FieldsProps, inputProps } from './fields'
import { PairList } from './pair-list'
import type { Problems } from './problems'
import type { CommandForm, FileForm, ItemId, PairForm, RequestForm, ScriptForm } from './task-form'

interface MoreProps<Form extends { id: ItemId }> {
  form: Form
  problems: Problems
  /** The fields in it. */
  names: readonly (keyof Form & string)[]
  children: ReactNode
}

/** Fields that are rarely used: closed, unless something is in them or wrong with them. */
export function More<Form extends { id: ItemId }>({ form, problems, names, children }: MoreProps<Form>) {
  const id = useId()
  const [isOpen, setOpen] = useState(() => names.some((name) => isFilled(form[name])))
  // It stays open when the problem is put right: one is typing in it then.
  if (!isOpen && names.some((name) => hasProblem(form, name, problems))) setOpen(true)
  return (
    <div>
      <Button
        variant="subtle"
        size="compact-sm"
        aria-expanded={isOpen}
        aria-controls={id}
        leftSection={isOpen ? <OpenIcon size={14} /> : <ClosedIcon size={14} />}
        onClick={() => setOpen(!isOpen)}
      >
        More
      </Button>
      <div id={id} hidden={!isOpen}>
        {isOpen && (
          <Stack gap="sm" mt="xs">
            {children}
          </Stack>
        )}
      </div>
    </div>
  )
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value)
}

function hasProblem<Form extends { id: ItemId }>(
  form: Form,
  name: keyof Form & string,
  problems: Problems,
): boolean {
  const value = form[name]
  const owners = Array.isArray(value) ? (value as PairForm[]).map((pair) => `${pair.id}/`) : []
  return Object.keys(problems).some(
    (place) => place === `${form.id}/${name}` || owners.some((owner) => place.startsWith(owner)),
  )
}

/** What a program and a script have in common. */
export function ProcessFields<Form extends CommandForm | ScriptForm>(fields: FieldsProps<Form>) {
  const { form, problems, onChange } = fields as unknown as FieldsProps<CommandForm>
  return (
    <>
      <CodeInput
        label="In folder"
        description="Empty: the user's home."
        {...inputProps(fields, 'working_directory')}
      />
      <CommonFields timeoutHint="Empty: 1 hour." {...fields} />
      <div className={classes.three}>
        <CodeInput
          label="Memory"
          description="At most."
          placeholder="512M, 2G"
          {...inputProps(fields, 'memory')}
        />
        <CodeInput
          label="Processor"
          description="Percent; 100 is one core."
          placeholder="50"
          {...inputProps(fields, 'cpu_percent')}
        />
        <CodeInput
          label="Processes"
          description="At a time."
          placeholder="100"
          {...inputProps(fields, 'tasks')}
        />
      </div>
      <PairList
        label="Environment"
        one="variable"
        pairs={form.environment}
        problems={problems}
        problem={problems[`${form.id}/environment`]}
        onChange={(environment) => onChange({ environment })}
      />
    </>
  )
}

const onFailures: { value: OnFailure | ''; label: string }[] = [
  { value: '', label: 'As the task says' },
  { value: 'stop', label: onFailureWords.stop },
  { value: 'continue', label: onFailureWords.continue },
]

type AnyForm = CommandForm | ScriptForm | RequestForm | FileForm

/** What every action has. */
export function CommonFields<Form extends AnyForm>({
  timeoutHint,
  ...fields
}: FieldsProps<Form> & { timeoutHint: string }) {
  const { form, problems, onChange } = fields
  return (
    <>
      <div className={classes.two}>
        <CodeInput
          label="As user"
          description="Empty: as the device decides."
          {...inputProps(fields, 'user')}
        />
        <CodeInput
          label="Time limit"
          description={timeoutHint}
          placeholder="30s, 5m, 1h30m"
          {...inputProps(fields, 'timeout')}
        />
      </div>
      <Choice
        label="If it fails"
        data={onFailures}
        value={form.on_failure}
        error={problems[`${form.id}/on_failure`]}
        onChange={(on_failure) => onChange({ on_failure } as Partial<Form>)}
      />
    </>
  )
}
