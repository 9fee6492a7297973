import { plainStyle, sameStyle, type TextStyle } from './style'

/** A stretch of a row that is not plain, from `start` up to before `end`. */
export interface StyledSpan {
  start: number
  end: number
  style: TextStyle
}

/** What is beyond in a row is plain: one element for each character would stop the page. */
export const spanCountMax = 150

/** The spans of a row that got longer by `added`; neighbours that look the same become one. */
export function withSpan(spans: readonly StyledSpan[], added: StyledSpan): readonly StyledSpan[] {
  if (added.style === plainStyle || added.start === added.end) return spans
  const last = spans.at(-1)
  if (last && last.end === added.start && sameStyle(last.style, added.style))
    return [...spans.slice(0, -1), { ...last, end: added.end }]
  return spans.length < spanCountMax ? [...spans, added] : spans
}
