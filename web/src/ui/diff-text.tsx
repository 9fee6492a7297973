import type { DiffGap, DiffLine } from '../lib/line-diff'
import { count } from '../lib/words'
import classes from './diff-text.module.css'

interface DiffTextProps {
  label: string
  lines: readonly (DiffLine | DiffGap)[]
  /** What screen readers say of a line that came or went, where the eye sees the mark and the colour. */
  words?: { '+': string; '-': string }
}

/** Two texts in one, line by line. */
export function DiffText({ label, lines, words = { '+': 'came', '-': 'went' } }: DiffTextProps) {
  return (
    <pre className={classes.text} tabIndex={0} role="region" aria-label={label}>
      {lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is known by its place
        <span key={index} className={classes.line} data-mark={line.mark.trim() || undefined}>
          {line.mark === '…' ? (
            `… ${count(line.count, 'equal line')}\n`
          ) : (
            <>
              <span aria-hidden="true">{line.mark} </span>
              {line.mark !== ' ' && <span className={classes.word}>{words[line.mark]}: </span>}
              {`${line.text}\n`}
            </>
          )}
        </span>
      ))}
    </pre>
  )
}
