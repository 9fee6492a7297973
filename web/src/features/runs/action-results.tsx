import { Text } from '@mantine/core'
import type { ActionResult } from '../../lib/api/types'
import { Duration } from '../../ui/moment'
import { actionTypeWord } from '../tasks/action-words'
import classes from './action-results.module.css'
import { reasonText } from './reason'
import { StateBadge } from './state-badge'

/** What became of each action. */
export function ActionResults({ results }: { results: ActionResult[] }) {
  if (results.length === 0) return null
  return (
    <ol className={classes.results} aria-label="Actions">
      {results.map((result, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an action is known by its place in the list
        <li key={index} className={classes.result}>
          <div className={classes.line}>
            <span className={classes.name}>
              {index + 1}. {actionTypeWord(result.type)}
            </span>
            <StateBadge state={result.state} />
            {codeLabel(result) && <span>{codeLabel(result)}</span>}
            {result.started_at && result.finished_at && (
              <span className={classes.duration}>
                <Duration from={result.started_at} to={result.finished_at} />
              </span>
            )}
          </div>
          {result.reason && <Text size="sm">{reasonText(result.reason)}</Text>}
          {truncatedText(result.truncated) && (
            <Text size="sm" className={classes.truncated}>
              {truncatedText(result.truncated)}
            </Text>
          )}
          {result.encoding === 'binary' && (
            <Text size="sm" c="dimmed">
              Some bytes are not text and stand as �. Download the output to have them as they are.
            </Text>
          )}
        </li>
      ))}
    </ol>
  )
}

/** What the number means; 128 and more of a program is how a signal is told, and a file that was read has none to tell. */
export function codeLabel({ type, code }: Pick<ActionResult, 'type' | 'code'>): string | null {
  if (code === null || code === undefined || type === 'READ_FILE') return null
  if (type === 'HTTP_REQUEST') return `HTTP ${code}`
  return code > 128 && code < 128 + 65 ? `exit code ${code} (signal ${code - 128})` : `exit code ${code}`
}

function truncatedText(truncated: ActionResult['truncated']): string | null {
  if (truncated.output && truncated.error)
    return 'More came on stdout and stderr than is kept: the output below is not whole.'
  if (truncated.output) return 'More came on stdout than is kept: the output below is not whole.'
  if (truncated.error) return 'More came on stderr than is kept: the output below is not whole.'
  return null
}
