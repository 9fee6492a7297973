import { Text } from '@mantine/core'
import type { Action } from '../../lib/api/types'
import { FactList } from '../../ui/rows'
import classes from './action-view.module.css'
import { commandLine } from './command-line'

/** One action as people read it: what it runs, then how. */
export function ActionView({ action, number }: { action: Action; number: number }) {
  const facts = actionFacts(action)
  return (
    <article className={classes.action} aria-label={`Action ${number}`}>
      <Text size="sm" fw={600} mb={6}>
        {number}. {action.type === 'COMMAND' ? 'Command' : `Script for ${action.interpreter ?? '/bin/sh'}`}
      </Text>
      <pre className={classes.text} tabIndex={0} role="region" aria-label={`Text of action ${number}`}>
        {action.type === 'COMMAND' ? commandLine(action.command, action.arguments) : action.content}
      </pre>
      {facts.length > 0 && <FactList facts={facts} />}
    </article>
  )
}

function actionFacts(action: Action): { name: string; value: string }[] {
  const environment = (action.environment ?? []).map(({ key, value }) => `${key}=${value}`).join('\n')
  const facts = [
    { name: 'As user', value: action.user },
    { name: 'In folder', value: action.working_directory },
    { name: 'Time limit', value: action.timeout },
    { name: 'Environment', value: environment },
    { name: 'If it fails', value: action.on_failure && onFailureLabel(action.on_failure) },
  ]
  return facts.flatMap(({ name, value }) => (value ? [{ name, value }] : []))
}

export function onFailureLabel(choice: 'stop' | 'continue'): string {
  return choice === 'stop' ? 'Stop: the actions after it do not run' : 'Go on with the next action'
}
