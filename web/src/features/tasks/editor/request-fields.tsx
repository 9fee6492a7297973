import { SegmentedControl, Switch, Text } from '@mantine/core'
import { useId } from 'react'
import type { Method } from '../../../lib/api/types'
import classes from './editor.module.css'
import { Choice, CodeArea, CodeInput, type FieldsProps, inputProps } from './fields'
import { CommonFields, More } from './more-fields'
import { PairList } from './pair-list'
import type { RequestForm } from './task-form'

const methods = (['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD'] satisfies Method[]).map((method) => ({
  value: method,
  label: method,
}))

const moreNames = ['expect_status', 'follow_redirects', 'user', 'timeout', 'on_failure'] as const

/** A request that the device sends. */
export function RequestFields({ isNew, ...fields }: FieldsProps<RequestForm> & { isNew: boolean }) {
  const { form, problems, onChange } = fields
  return (
    <>
      <div className={classes.request}>
        <Choice
          label="Method"
          data={methods}
          value={form.request_method}
          error={problems[`${form.id}/request_method`]}
          onChange={(request_method) => onChange({ request_method })}
        />
        <CodeInput
          label="Address"
          placeholder="https://example.org/path"
          autoFocus={isNew}
          {...inputProps(fields, 'request_url')}
        />
      </div>
      <PairList
        label="Headers"
        one="header"
        hasLines
        pairs={form.headers}
        problems={problems}
        problem={problems[`${form.id}/headers`]}
        onChange={(headers) => onChange({ headers })}
      />
      <SentFields {...fields} />
      <More {...fields} names={moreNames}>
        <CodeInput
          label="Succeeds with"
          description="Statuses with commas between. Empty: all below 400."
          placeholder="200, 204"
          {...inputProps(fields, 'expect_status')}
        />
        <Switch
          label="Follow redirections"
          checked={form.follow_redirects}
          error={problems[`${form.id}/follow_redirects`]}
          onChange={(event) => onChange({ follow_redirects: event.currentTarget.checked })}
        />
        <CommonFields timeoutHint="For everything together. Empty: 1 minute." {...fields} />
      </More>
    </>
  )
}

const sendable: { value: RequestForm['sends']; label: string }[] = [
  { value: 'nothing', label: 'Nothing' },
  { value: 'body', label: 'Text' },
  { value: 'form', label: 'Form' },
]

function SentFields(fields: FieldsProps<RequestForm>) {
  const { form, problems, onChange } = fields
  const id = useId()
  return (
    <>
      <div>
        <Text size="sm" fw={600} mb={4} id={id}>
          What it sends
        </Text>
        <SegmentedControl
          aria-labelledby={id}
          data={sendable}
          value={form.sends}
          onChange={(sends) => onChange({ sends: sends as RequestForm['sends'] })}
        />
      </div>
      {form.sends === 'body' && (
        <CodeArea label="Body" description="Sent unchanged." minRows={4} {...inputProps(fields, 'body')} />
      )}
      {form.sends === 'form' && (
        <PairList
          label="Fields of the form"
          one="field"
          pairs={form.form}
          problems={problems}
          problem={problems[`${form.id}/form`]}
          onChange={(pairs) => onChange({ form: pairs })}
        />
      )}
    </>
  )
}
