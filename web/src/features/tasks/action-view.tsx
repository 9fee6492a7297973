import { Text } from '@mantine/core'
import type { Action } from '../../lib/api/types'
import { FactList } from '../../ui/rows'
import classes from './action-view.module.css'
import { actionFacts, actionText, actionTitle } from './action-words'

/** One action as people read it: what it does, then how. */
export function ActionView({ action, number }: { action: Action; number: number }) {
  const facts = actionFacts(action)
  return (
    <article className={classes.action} aria-label={`Action ${number}`}>
      <Text size="sm" fw={600} mb={6}>
        {number}. {actionTitle(action)}
      </Text>
      <pre className={classes.text} tabIndex={0} role="region" aria-label={`Text of action ${number}`}>
        {actionText(action)}
      </pre>
      {facts.length > 0 && <FactList facts={facts} />}
    </article>
  )
}
