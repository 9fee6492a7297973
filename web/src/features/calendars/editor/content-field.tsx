import { Button, FileButton, Group, Textarea, UnstyledButton } from '@mantine/core'
import { useRef, useState } from 'react'
import { CodeText } from '../../../ui/text'
import { contentBytesMax, lineOf, placeOfLine, tooLarge } from './calendar-form'
import classes from './editor.module.css'

interface ContentFieldProps {
  value: string
  problems: readonly string[]
  onChange: (content: string) => void
  /** A file was chosen: its text, and what it is called. */
  onFile: (content: string, name: string) => void
}

/** The text of a calendar, pasted, typed, or from a file. */
export function ContentField({ value, problems, onChange, onFile }: ContentFieldProps) {
  const area = useRef<HTMLTextAreaElement>(null)
  const [fileProblem, setFileProblem] = useState<string | null>(null)
  const take = async (file: File | null) => {
    if (!file) return
    if (file.size > contentBytesMax) return setFileProblem(`${file.name}: ${tooLarge}`)
    try {
      const text = await file.text()
      setFileProblem(null)
      onFile(text, file.name)
    } catch {
      setFileProblem(`${file.name} cannot be read.`)
    }
  }
  const shown = fileProblem ? [fileProblem] : problems
  return (
    <div>
      <Textarea
        ref={area}
        label="Events"
        description="An .ics file as calendars export it, or a list of days, one a line. Paste it, or choose a file."
        placeholder={'2026-12-25 Christmas\n2026-12-26 Boxing Day\n2027-01-01 New Year'}
        rows={14}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        wrap="off"
        classNames={{ input: classes.code }}
        value={value}
        error={shown.length > 0 && <Wrong problems={shown} onLine={(line) => showLine(area.current, line)} />}
        errorProps={{ component: 'div' }}
        onChange={(event) => {
          setFileProblem(null)
          onChange(event.currentTarget.value)
        }}
      />
      <Group mt="xs">
        <FileButton accept=".ics,.ical,.txt,text/calendar,text/plain" onChange={(file) => void take(file)}>
          {(props) => (
            <Button {...props} variant="default" size="xs">
              Choose a file
            </Button>
          )}
        </FileButton>
      </Group>
    </div>
  )
}

function Wrong({ problems, onLine }: { problems: readonly string[]; onLine: (line: number) => void }) {
  return (
    <ul className={classes.wrong}>
      {problems.map((problem, place) => {
        const line = lineOf(problem)
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: two lines may be wrong in the same way
          <li key={place}>
            {line && (
              <UnstyledButton className={classes.toLine} onClick={() => onLine(line.number)}>
                {line.words}
              </UnstyledButton>
            )}
            <CodeText>{problem.slice(line?.words.length)}</CodeText>
          </li>
        )
      })}
    </ul>
  )
}

/** So many lines stay in sight above the one that is shown. */
const linesAbove = 3

function showLine(area: HTMLTextAreaElement | null, line: number) {
  if (!area) return
  const { from, until } = placeOfLine(area.value, line)
  area.focus()
  area.setSelectionRange(from, until)
  const lineHeight = Number.parseFloat(getComputedStyle(area).lineHeight)
  area.scrollTop = Math.max(0, (line - 1 - linesAbove) * lineHeight)
}
