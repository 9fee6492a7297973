import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { Execution, ExecutionExplanation } from '../../../lib/api/types'
import { Failed, LoadingRows } from '../../../ui/answers'
import { Moment } from '../../../ui/moment'
import { Question, Told } from '../../../ui/question'
import { CodeText } from '../../../ui/text'
import { executionExplanation } from '../queries'
import classes from './explanation.module.css'
import { questionOf } from './question'

/** Why an execution waits, did not run, or ended so; read when somebody asks. */
export function Explanation({ execution }: { execution: Pick<Execution, 'id' | 'state'> }) {
  return (
    <div className={classes.explanation}>
      <Question words={questionOf(execution.state)}>
        <Answer execution={execution} />
      </Question>
    </div>
  )
}

function Answer({ execution }: { execution: Pick<Execution, 'id' | 'state'> }) {
  const query = useQuery(executionExplanation(execution.id, execution.state))
  if (query.data) return <Story explanation={query.data} />
  return query.isError ? (
    <Failed error={query.error} onRetry={() => void query.refetch()} />
  ) : (
    <LoadingRows count={2} />
  )
}

function Story({ explanation: { answer, steps, next } }: { explanation: ExecutionExplanation }) {
  return (
    <Told>
      <Text size="sm" fw={550}>
        <CodeText>{answer}</CodeText>
      </Text>
      <ol className={classes.steps} aria-label="What happened">
        {steps.map((step, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is known by its place
          <li key={place} className={classes.step} data-code={step.code}>
            <span className={classes.at}>
              <Moment at={step.at} />
            </span>
            <span>{step.detail}</span>
          </li>
        ))}
        {next && (
          <li className={classes.step} data-next>
            <span className={classes.at}>
              <Moment at={next.at} />
            </span>
            <span>{next.detail}</span>
          </li>
        )}
      </ol>
    </Told>
  )
}
