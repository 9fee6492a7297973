import ansi from './ansi.module.css'
import type { OutputLine } from './lines'
import { partsOf, type RowMatches, type RowPart } from './parts'
import { plainStyle, type TextStyle } from './style'
import classes from './viewer.module.css'

/** The text of a row in its colours, with what the search has found. */
export function RowText({ row, matches }: { row: OutputLine; matches: RowMatches | null }) {
  if (row.text === '') return '\u200b'
  return partsOf(row, matches).map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a row's parts have nothing else
    <Part key={index} part={part} />
  ))
}

function Part({ part: { match, pieces } }: { part: RowPart }) {
  const text = pieces.map((piece, index) =>
    piece.style === plainStyle ? (
      piece.text
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: neither have its pieces
      <span key={index} className={classOf(piece.style)}>
        {piece.text}
      </span>
    ),
  )
  if (match === 'none') return text
  return (
    <mark className={classes.match} aria-current={match === 'current' || undefined}>
      {text}
    </mark>
  )
}

function classOf({ ink, paper, ...manners }: TextStyle): string {
  const names = Object.entries(manners).flatMap(([name, isOn]) => (isOn ? [name] : []))
  if (ink) names.push(ink)
  if (paper) names.push(`${paper}Paper`)
  return ['styled', ...names].map((name) => ansi[name]).join(' ')
}
