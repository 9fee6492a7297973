import type { Action, KeyValue, Limits } from '../../lib/api/types'
import { commandLine } from './command-line'

/** What people call each type of action. */
export const actionTypeWords: Record<Action['type'], string> = {
  COMMAND: 'Command',
  SCRIPT: 'Script',
  HTTP_REQUEST: 'Web request',
  READ_FILE: 'Read a file',
}

/** The name of a type; one that this page does not know yet is shown as it is. */
export function actionTypeWord(type: string): string {
  return actionTypeWords[type as Action['type']] ?? type
}

export function actionTitle(action: Action): string {
  const word = actionTypeWords[action.type]
  return action.type === 'SCRIPT' ? `${word} for ${action.interpreter ?? '/bin/sh'}` : word
}

/** The heart of an action: what it runs, requests or reads. */
export function actionText(action: Action): string {
  switch (action.type) {
    case 'COMMAND':
      return commandLine(action.command, action.arguments)
    case 'SCRIPT':
      return action.content
    case 'READ_FILE':
      return action.path
    case 'HTTP_REQUEST':
      return requestText(action)
  }
}

export function actionFacts(action: Action): { name: string; value: string }[] {
  const runs = action.type === 'COMMAND' || action.type === 'SCRIPT' ? action : undefined
  const request = action.type === 'HTTP_REQUEST' ? action : undefined
  const facts = [
    { name: 'Succeeds with', value: request?.expect_status?.join(', ') },
    { name: 'Redirections', value: request?.follow_redirects && 'followed' },
    {
      name: 'At most',
      value: action.type === 'READ_FILE' && action.max_bytes && `${action.max_bytes} bytes`,
    },
    { name: 'As user', value: action.user },
    { name: 'In folder', value: runs?.working_directory },
    { name: 'Time limit', value: action.timeout },
    { name: 'Limits', value: runs?.limits && limitsText(runs.limits) },
    { name: 'Environment', value: (runs?.environment ?? []).map((pair) => pairText(pair, '=')).join('\n') },
    { name: 'If it fails', value: action.on_failure && onFailureWords[action.on_failure] },
  ]
  return facts.flatMap(({ name, value }) => (value ? [{ name, value }] : []))
}

function limitsText({ memory, cpu_percent, tasks }: Limits): string {
  const parts = [
    memory && `${memory} of memory`,
    cpu_percent && `${cpu_percent} % of a core`,
    tasks && `${tasks} processes`,
  ]
  return parts.filter(Boolean).join(', ')
}

export const onFailureWords = {
  stop: 'Stop: the actions after it do not run',
  continue: 'Go on with the next action',
}

/** The request as it goes over the wire, as far as people want to know. */
function requestText(request: Extract<Action, { type: 'HTTP_REQUEST' }>): string {
  const headers = (request.headers ?? []).map((header) =>
    typeof header === 'string' ? header : pairText(header, ': '),
  )
  const body = request.body ?? (request.form ?? []).map((pair) => pairText(pair, '=')).join('\n')
  return [`${request.request_method} ${request.request_url}`, ...headers, ...(body ? ['', body] : [])].join(
    '\n',
  )
}

function pairText({ key, value, secret }: KeyValue, between: string): string {
  return `${key}${between}${secret ? `(secret ${secret})` : (value ?? '')}`
}
