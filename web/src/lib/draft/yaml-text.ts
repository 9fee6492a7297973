import {
  type Document,
  isMap,
  isNode,
  isSeq,
  LineCounter,
  parseDocument,
  stringify,
  type YAMLSeq,
} from 'yaml'

export type ReadYaml = { value: unknown } | { problem: YamlProblem }

export interface YamlProblem {
  detail: string
  /** Counted from 1; missing where it is about the whole text. */
  line?: number
}

/** The text of something, for people to read and change. */
export function writeYaml(spec: unknown): string {
  return stringify(spec, format)
}

export function readYaml(text: string): ReadYaml {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error) return { problem: { detail: firstLine(error.message), line: error.linePos?.[0].line } }
  try {
    return { value: document.toJS() }
  } catch (problem) {
    return { problem: { detail: problem instanceof Error ? problem.message : 'It cannot be read' } }
  }
}

/**
 * `text` with what has changed since it was read; its comments and the way it is written stay where they can.
 * `specIn` makes of what stands in the text what `spec` would be; it may throw.
 */
export function changeYaml<Spec>(text: string, spec: Spec, specIn: (value: unknown) => Spec): string {
  const wanted = JSON.stringify(spec)
  try {
    const document = parseDocument(text)
    const before = specIn(document.toJS())
    if (JSON.stringify(before) === wanted) return text
    change(document, [], before, spec)
    const changed = document.toString(format)
    if (JSON.stringify(specIn(parseDocument(changed).toJS())) === wanted) return changed
  } catch {
    // Written anew below: references within the text, for one, cannot be changed in their place.
  }
  return writeYaml(spec)
}

/** The line that a problem's pointer means, or the nearest one around it. */
export function lineOf(text: string, pointer: string): number | undefined {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  for (let path = segmentsOf(pointer); path.length > 0; path = path.slice(0, -1)) {
    const node = document.errors.length === 0 ? document.getIn(path, true) : undefined
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return undefined
}

const format = { lineWidth: 0 }

type Path = readonly (string | number)[]

function change(document: Document, path: Path, before: unknown, after: unknown) {
  if (isSame(before, after)) return
  const node = document.getIn(path, true)
  if (isSeq(node) && Array.isArray(before) && Array.isArray(after))
    changeList(document, path, node, before, after)
  else if (isMap(node) && isFields(before) && isFields(after)) changeFields(document, path, before, after)
  else document.setIn(path, document.createNode(after))
}

function changeFields(document: Document, path: Path, before: Fields, after: Fields) {
  for (const name of Object.keys({ ...before, ...after })) {
    if (name in after) change(document, [...path, name], before[name], after[name])
    else document.deleteIn([...path, name])
  }
}

/** An item that was moved takes its comments with it; one that is new at a place is written over what was there. */
function changeList(document: Document, path: Path, list: YAMLSeq, before: unknown[], after: unknown[]) {
  const from = after.map((item) => before.findIndex((each) => isSame(each, item)))
  for (const [index, found] of from.entries()) {
    if (found < 0 && index < before.length && !from.includes(index)) from[index] = index
  }
  const items = list.items
  list.items = after.map((item, index) => items[from[index] ?? -1] ?? document.createNode(item))
  for (const [index, found] of from.entries()) {
    if (found >= 0) change(document, [...path, index], before[found], after[index])
  }
}

type Fields = Record<string, unknown>

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function segmentsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? message).replace(/ at line \d+, column \d+:?$/, '')
}
