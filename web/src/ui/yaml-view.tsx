import { Alert, Textarea } from '@mantine/core'
import type { YamlProblem } from '../lib/draft/yaml-text'
import classes from './yaml-view.module.css'

interface YamlViewProps {
  /** `Task`. */
  what: string
  /** The command that takes the same text: `taskey tasks apply`. */
  command: string
  text: string
  problems: readonly YamlProblem[]
  onChange: (text: string) => void
}

/** Something as text. */
export function YamlView({ what, command, text, problems, onChange }: YamlViewProps) {
  return (
    <>
      {problems.length > 0 && (
        <Alert color="red" role="alert">
          <ul className={classes.problems}>
            {problems.map((problem) => (
              <li key={yamlProblemText(problem)}>{yamlProblemText(problem)}</li>
            ))}
          </ul>
        </Alert>
      )}
      <Textarea
        label={`${what} as YAML`}
        description={`The same text as for “${command}”.`}
        autosize
        minRows={14}
        maxRows={40}
        autoCapitalize="none"
        autoComplete="off"
        spellCheck={false}
        wrap="off"
        classNames={{ input: classes.code }}
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    </>
  )
}

function yamlProblemText({ line, detail }: YamlProblem): string {
  return line === undefined ? detail : `Line ${line}: ${detail}`
}
