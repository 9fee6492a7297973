import { Alert, Textarea } from '@mantine/core'
import classes from './editor.module.css'
import type { YamlProblem } from './task-yaml'

interface YamlViewProps {
  text: string
  problems: readonly YamlProblem[]
  onChange: (text: string) => void
}

/** The task as text. */
export function YamlView({ text, problems, onChange }: YamlViewProps) {
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
        label="Task as YAML"
        description="The same text as for “taskey tasks apply”."
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
