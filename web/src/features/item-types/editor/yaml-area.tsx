import { UnstyledButton, VisuallyHidden } from '@mantine/core'
import { type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from 'react'
import type { YamlProblem } from '../../../lib/draft/yaml-text'
import { count } from '../../../lib/words'
import { CodeText } from '../../../ui/text'
import { placeOfLine } from '../../calendars/editor/calendar-form'
import { type Completion, completionAt, type Suggestion } from './completion'
import { placeIn, typedEnter } from './typing'
import classes from './yaml-area.module.css'

interface YamlAreaProps {
  label: string
  text: string
  problems: readonly YamlProblem[]
  /** The JSON Schema of the text. */
  schema: unknown
  onChange: (text: string) => void
}

const lineHeight = 20
const padding = 10
/** What suggestions need below their line, in pixels. */
const roomNeeded = 140
/** So many lines stay in sight above the one that is shown. */
const linesAbove = 3

/** YAML with the numbers of its lines, what is wrong with each, and what may be written next. */
export function YamlArea({ label, text, problems, schema, onChange }: YamlAreaProps) {
  const area = useRef<HTMLTextAreaElement>(null)
  const gutter = useRef<HTMLDivElement>(null)
  const [offer, setOffer] = useState<Completion | null>(null)
  const [place, setPlace] = useState(0)
  const [scroll, setScroll] = useState({ top: 0, left: 0 })
  const id = useId()
  const wrong = new Map(problems.flatMap(({ line, detail }) => (line ? [[line, detail] as const] : [])))

  useLayoutEffect(() => {
    if (gutter.current) gutter.current.scrollTop = scroll.top
  }, [scroll.top])

  const look = () => {
    const { value, selectionStart, selectionEnd } = area.current ?? {
      value: '',
      selectionStart: 0,
      selectionEnd: 1,
    }
    setOffer(selectionStart === selectionEnd ? completionAt(value, selectionStart, schema) : null)
    setPlace(0)
  }
  const write = (from: number, until: number, words: string) => {
    if (area.current) insert(area.current, from, until, words)
  }
  const take = (suggestion: Suggestion | undefined) => {
    if (!offer || !suggestion) return
    write(offer.from, offer.until, suggestion.insert)
    setOffer(null)
    area.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault()
      return look()
    }
    if (offer && isForOffer(event.key)) {
      event.preventDefault()
      const last = offer.suggestions.length - 1
      if (event.key === 'Escape') setOffer(null)
      if (event.key === 'ArrowDown') setPlace(place === last ? 0 : place + 1)
      if (event.key === 'ArrowUp') setPlace(place === 0 ? last : place - 1)
      if (event.key === 'Enter' || event.key === 'Tab') take(offer.suggestions[place])
      return
    }
    if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey) {
      event.preventDefault()
      const { selectionStart, selectionEnd, value } = event.currentTarget
      write(selectionStart, selectionEnd, typedEnter(value, selectionStart))
    }
  }
  const at = offer && placeIn(text, offer.from)
  return (
    <div>
      <div className={classes.frame}>
        <div className={classes.gutter} aria-hidden="true" ref={gutter}>
          {text.split('\n').map((_, index) => (
            <div
              // biome-ignore lint/suspicious/noArrayIndexKey: a line is known by its number
              key={index}
              className={classes.number}
              data-wrong={wrong.has(index + 1) || undefined}
              title={wrong.get(index + 1)}
            >
              {index + 1}
            </div>
          ))}
        </div>
        <textarea
          ref={area}
          className={classes.area}
          aria-label={label}
          aria-describedby={`${id}-help`}
          aria-invalid={problems.length > 0 || undefined}
          aria-autocomplete="list"
          aria-controls={offer ? `${id}-list` : undefined}
          aria-activedescendant={offer ? `${id}-${place}` : undefined}
          autoCapitalize="none"
          autoComplete="off"
          spellCheck={false}
          wrap="off"
          value={text}
          onChange={(event) => {
            onChange(event.currentTarget.value)
            look()
          }}
          onKeyDown={onKeyDown}
          onBlur={() => setOffer(null)}
          onClick={() => setOffer(null)}
          onScroll={({ currentTarget: { scrollTop, scrollLeft } }) =>
            setScroll({ top: scrollTop, left: scrollLeft })
          }
        />
        {offer && at && (
          <div
            id={`${id}-list`}
            role="listbox"
            aria-label="What may stand here"
            className={classes.popup}
            style={{
              ...besideLine(at.line * lineHeight + padding - scroll.top, area.current?.clientHeight ?? 0),
              insetInlineStart: `calc(3.2em + 12px + ${at.column}ch - ${scroll.left}px)`,
            }}
          >
            {offer.suggestions.map((suggestion, index) => (
              <Option
                key={suggestion.text}
                id={`${id}-${index}`}
                suggestion={suggestion}
                isCurrent={index === place}
                onTake={() => take(suggestion)}
              />
            ))}
          </div>
        )}
      </div>
      <VisuallyHidden id={`${id}-help`}>
        Suggestions come while you type, or with Ctrl and space; choose one with the arrows and Enter.
      </VisuallyHidden>
      <VisuallyHidden role="status">{offer && count(offer.suggestions.length, 'suggestion')}</VisuallyHidden>
      <Problems problems={problems} onLine={(line) => showLine(area.current, line)} />
    </div>
  )
}

interface OptionProps {
  id: string
  suggestion: Suggestion
  isCurrent: boolean
  onTake: () => void
}

function Option({ id, suggestion: { text, detail }, isCurrent, onTake }: OptionProps) {
  const option = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    if (isCurrent) option.current?.scrollIntoView({ block: 'nearest' })
  }, [isCurrent])
  return (
    <div
      ref={option}
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={isCurrent}
      className={classes.option}
      // The text keeps the focus.
      onMouseDown={(event) => {
        event.preventDefault()
        onTake()
      }}
    >
      <span>{text}</span>
      <span className={classes.detail}>{detail}</span>
    </div>
  )
}

interface ProblemsProps {
  problems: readonly YamlProblem[]
  onLine: (line: number) => void
}

function Problems({ problems, onLine }: ProblemsProps) {
  if (problems.length === 0) return null
  return (
    <div role="alert">
      <ul className={classes.problems}>
        {problems.map(({ line, detail }, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two lines may be wrong in the same way
          <li key={place}>
            {line !== undefined && (
              <>
                <UnstyledButton className={classes.toLine} onClick={() => onLine(line)}>
                  Line {line}
                </UnstyledButton>
                {': '}
              </>
            )}
            <CodeText>{detail}</CodeText>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** Below a line, or above it where there is no room; in pixels from the top of the text. */
function besideLine(top: number, height: number) {
  if (top + lineHeight + roomNeeded < height || top < roomNeeded) return { insetBlockStart: top + lineHeight }
  return { insetBlockEnd: height - top }
}

function isForOffer(key: string): boolean {
  return ['ArrowDown', 'ArrowUp', 'Enter', 'Tab', 'Escape'].includes(key)
}

/** As if it were typed, so that it can be undone as what was typed. */
function insert(area: HTMLTextAreaElement, from: number, until: number, words: string) {
  area.focus()
  area.setSelectionRange(from, until)
  if (document.execCommand('insertText', false, words)) return
  area.setRangeText(words, from, until, 'end')
  area.dispatchEvent(new Event('input', { bubbles: true }))
}

function showLine(area: HTMLTextAreaElement | null, line: number) {
  if (!area) return
  const { from, until } = placeOfLine(area.value, line)
  area.focus()
  area.setSelectionRange(from, until)
  area.scrollTop = Math.max(0, (line - 1 - linesAbove) * lineHeight)
}
