import { Alert } from '@mantine/core'
import classes from './form-problem.module.css'
import { CodeText } from './text'
import { WhyOf } from './why'

interface FormProblemProps {
  /** What belongs to no field, or null. */
  text: string | null
  error: unknown
  /** The device that it is about, where there is one. */
  device?: string
}

/** What is wrong with a form as a whole. */
export function FormProblem({ text, error, device }: FormProblemProps) {
  if (!text) return null
  return (
    <Alert color="red" role="alert" className={classes.problem}>
      <CodeText>{text}</CodeText>
      <div>
        <WhyOf error={error} device={device} />
      </div>
    </Alert>
  )
}
