import { CodeArea, CodeInput, type FieldsProps, inputProps } from './fields'
import { CommonFields, More, ProcessFields } from './more-fields'
import { RequestFields } from './request-fields'
import type { ActionForm, CommandForm, FileForm, ScriptForm } from './task-form'

/** The fields of an action, as its type has them. */
export function ActionFields({ form, isNew, ...fields }: FieldsProps<ActionForm> & { isNew: boolean }) {
  switch (form.type) {
    case 'COMMAND':
      return <CommandFields form={form} isNew={isNew} {...fields} />
    case 'SCRIPT':
      return <ScriptFields form={form} isNew={isNew} {...fields} />
    case 'HTTP_REQUEST':
      return <RequestFields form={form} isNew={isNew} {...fields} />
    case 'READ_FILE':
      return <FileFields form={form} isNew={isNew} {...fields} />
  }
}

const processFields = [
  'user',
  'working_directory',
  'timeout',
  'memory',
  'cpu_percent',
  'tasks',
  'on_failure',
  'environment',
] as const

function CommandFields({ isNew, ...fields }: FieldsProps<CommandForm> & { isNew: boolean }) {
  return (
    <>
      <CodeInput
        label="Program"
        description="A path, or a name to be found in PATH. It is started without a shell."
        placeholder="uname"
        autoFocus={isNew}
        {...inputProps(fields, 'command')}
      />
      <CodeArea
        label="Arguments"
        description="One a line."
        placeholder="-a"
        {...inputProps(fields, 'arguments')}
      />
      <More {...fields} names={processFields}>
        <ProcessFields {...fields} />
      </More>
    </>
  )
}

function ScriptFields({ isNew, ...fields }: FieldsProps<ScriptForm> & { isNew: boolean }) {
  return (
    <>
      <CodeArea label="Script" minRows={5} autoFocus={isNew} {...inputProps(fields, 'content')} />
      <CodeInput label="Interpreter" placeholder="/bin/sh" {...inputProps(fields, 'interpreter')} />
      <More {...fields} names={processFields}>
        <ProcessFields {...fields} />
      </More>
    </>
  )
}

function FileFields({ isNew, ...fields }: FieldsProps<FileForm> & { isNew: boolean }) {
  return (
    <>
      <CodeInput
        label="File"
        description="Its whole path."
        placeholder="/etc/hostname"
        autoFocus={isNew}
        {...inputProps(fields, 'path')}
      />
      <More {...fields} names={['user', 'timeout', 'on_failure', 'max_bytes']}>
        <CodeInput
          label="At most, in bytes"
          description="What is beyond is cut off. Empty: 1048576."
          {...inputProps(fields, 'max_bytes')}
        />
        <CommonFields timeoutHint="Empty: 1 minute." {...fields} />
      </More>
    </>
  )
}
