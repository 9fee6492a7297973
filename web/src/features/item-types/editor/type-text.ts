import { ApiProblem, problemText } from '../../../lib/api/problem'
import { lineOf, type YamlProblem } from '../../../lib/draft/yaml-text'

/** What a new type begins with: small, and complete. */
export const newTypeText = `name: refund
title: Refund {{ amount }} for {{ order }}
description: A refund that somebody has to agree to.

fields:
  type: object
  required: [order, amount]
  properties:
    order:
      type: string
      title: Order
    amount:
      type: number
      title: Amount
      x-render: money
      x-currency: EUR
    reason__editable:
      type: string
      title: Why

resolutions:
  approve:
    label: Refund {{ amount }}
  refuse:
    label: Refuse
    refusal: true
    reasons:
      - Too late
      - Not ours

due_in: 2d
`

/** What the server said of a type: of its text, and of the item that was tried. */
export interface TypeProblems {
  text: readonly YamlProblem[]
  sample: readonly string[]
}

const none: TypeProblems = { text: [], sample: [] }

/** Puts each problem that a check told to its line, or to the item that was tried. */
export function checkProblems(error: unknown, text: string): TypeProblems {
  if (!(error instanceof ApiProblem) || error.errors.length === 0) return wholeProblem(error, text)
  const isOfSample = ({ pointer }: { pointer: string }) => /^\/fields(\/|$)/.test(pointer)
  return {
    text: error.errors
      .filter((each) => !isOfSample(each))
      .map(({ pointer, detail }) => at(text, pointer.replace(/^\/spec(?=\/|$)/, ''), detail)),
    sample: error.errors
      .filter(isOfSample)
      .map(({ pointer, detail }) => `${pointer.replace(/^\/fields\/?/, '') || 'all'}: ${detail}`),
  }
}

/** Puts each problem with which saving was refused to its line. */
export function saveProblems(error: unknown, text: string): readonly YamlProblem[] {
  if (!(error instanceof ApiProblem) || error.errors.length === 0) return wholeProblem(error, text).text
  return error.errors.map(({ pointer, detail }) => at(text, pointer, detail))
}

function wholeProblem(error: unknown, text: string): TypeProblems {
  // A change by somebody else has a place and words of its own.
  if (!error || (error instanceof ApiProblem && error.code === 'precondition_failed')) return none
  if (error instanceof ApiProblem && error.code === 'name_taken')
    return { ...none, text: [at(text, '/name', error.message)] }
  return { ...none, text: [{ detail: problemText(error) }] }
}

function at(text: string, pointer: string, detail: string): YamlProblem {
  return { line: lineOf(text, pointer), detail: pointer ? `${pointer}: ${detail}` : detail }
}
