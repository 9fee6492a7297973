import { isObject } from '../../inbox/fields/schema'

type Schema = Record<string, unknown>

export interface Suggestion {
  /** What is offered. */
  text: string
  /** What is written for it. */
  insert: string
  detail: string
}

export interface Completion {
  /** The part of the text that a suggestion takes the place of. */
  from: number
  until: number
  suggestions: readonly Suggestion[]
}

/** What may stand at a place of a YAML text, as its JSON Schema says; null where nothing is to be offered. */
export function completionAt(text: string, cursor: number, schema: unknown): Completion | null {
  if (!isObject(schema)) return null
  const lines = text.slice(0, cursor).split('\n')
  const line = lines.pop() ?? ''
  if (!isAtWordEnd(text, cursor) || line.includes('#')) return null
  const value = /^([ ]*(?:- +)*)([\w$:.-]+):[ ]+([\w.-]*)$/.exec(line)
  if (value) return valueCompletion({ lines, cursor, schema, match: value })
  const item = /^([ ]*)((?:- +)*)([\w$:.-]*)$/.exec(line)
  if (!item) return null
  const [, space = '', dashes = '', typed = ''] = item
  const indent = space.length + dashes.length
  const path = pathTo(lines, indent, dashes === '' ? undefined : space.length)
  if (!path) return null
  const candidates = schemasAt(schema, path)
  const taken = dashes === '' ? siblings(text, cursor, indent) : new Set<string>()
  const keys = candidates
    .flatMap((each) => keysOf(schema, each, indent))
    .filter(({ text: key }) => !taken.has(key))
  const words = dashes === '' ? [] : candidates.flatMap((each) => wordsOf(schema, each))
  return completion([...words, ...keys], typed, cursor)
}

interface AtValue {
  lines: readonly string[]
  cursor: number
  schema: Schema
  match: RegExpExecArray
}

function valueCompletion({ lines, cursor, schema, match }: AtValue): Completion | null {
  const [, space = '', key = '', typed = ''] = match
  const path = pathTo(lines, space.length)
  if (!path) return null
  const words = schemasAt(schema, [...path, key]).flatMap((each) => wordsOf(schema, each))
  return completion(words, typed, cursor)
}

function completion(all: readonly Suggestion[], typed: string, cursor: number): Completion | null {
  const distinct = [...new Map(all.map((each) => [each.text, each])).values()]
  const suggestions = distinct.filter(({ text }) => text.startsWith(typed) && text !== typed)
  if (suggestions.length === 0) return null
  return { from: cursor - typed.length, until: cursor, suggestions }
}

/** In a list: any item of it. */
const anyItem = Symbol('item')

type Path = readonly (string | typeof anyItem)[]

/**
 * The names that lead to what stands at an indent below these lines; null within a text of several lines. `dashAt`: where the line itself
 * begins an item.
 */
function pathTo(lines: readonly string[], indent: number, dashAt?: number): Path | null {
  // A list may stand at the indent of its name.
  if (dashAt !== undefined) return parentPath(lines, { names: dashAt + 1, dashes: dashAt }, [anyItem])
  return parentPath(lines, { names: indent, dashes: indent }, [])
}

/** What begins further out than this stands around a place. */
interface Within {
  names: number
  dashes: number
}

function parentPath(
  lines: readonly string[],
  outside: Within,
  path: (string | typeof anyItem)[],
): Path | null {
  let within = outside
  for (const line of lines.toReversed()) {
    if (within.names === 0) break
    const found = /^([ ]*)((?:- +)*)(?:(['"]?)([^'"#\s][^'"#]*?)\3:)?([ ].*|)$/.exec(line)
    if (!found || line.trim() === '' || line.trim().startsWith('#')) continue
    const [, space = '', dashes = '', , key, rest = ''] = found
    const at = space.length + dashes.length
    if (key !== undefined && at < within.names) {
      if (/^\s*[|>][+-]?\s*$/.test(rest)) return null
      path.unshift(key)
      within = { names: at, dashes: at }
    }
    if (dashes !== '' && space.length < within.dashes) {
      path.unshift(anyItem)
      within = { names: space.length + 1, dashes: space.length }
    }
  }
  return path
}

/** The names that stand beside a line, in the same thing. */
function siblings(text: string, cursor: number, indent: number): Set<string> {
  const lines = text.split('\n')
  const place = text.slice(0, cursor).split('\n').length - 1
  const names = new Set<string>()
  for (const direction of [-1, 1]) {
    for (let at = place + direction; at >= 0 && at < lines.length; at += direction) {
      const line = lines[at] ?? ''
      if (line.trim() === '' || line.trim().startsWith('#')) continue
      const [, space = '', dashes = '', key] = /^([ ]*)((?:- +)*)(?:([\w$:.-]+):)?/.exec(line) ?? []
      const begin = space.length + dashes.length
      if (direction === 1 && dashes !== '' && space.length < indent) break
      if (begin < indent) break
      if (begin === indent && key !== undefined) names.add(key)
      if (direction === -1 && dashes !== '' && space.length < indent) break
    }
  }
  return names
}

function schemasAt(root: Schema, path: Path): Schema[] {
  let current = variants(root, root)
  for (const step of path) {
    current = current.flatMap((schema) => below(schema, step)).flatMap((schema) => variants(root, schema))
  }
  return current
}

function below(schema: Schema, step: string | typeof anyItem): Schema[] {
  if (step === anyItem) return isObject(schema.items) ? [schema.items] : []
  const named = isObject(schema.properties) ? schema.properties[step] : undefined
  if (isObject(named)) return [named]
  const patterns = isObject(schema.patternProperties) ? Object.entries(schema.patternProperties) : []
  const fitting = patterns.filter(([pattern]) => fits(pattern, step)).map(([, each]) => each)
  return [...fitting, schema.additionalProperties].filter(isObject)
}

/** What a schema stands for: itself, what it refers to, and each of what it may be. */
function variants(root: Schema, schema: Schema, depth = 0): Schema[] {
  if (depth > 8) return []
  const referred = typeof schema.$ref === 'string' ? resolved(root, schema.$ref) : undefined
  const others = ['allOf', 'anyOf', 'oneOf'].flatMap((name) => {
    const list = schema[name]
    return Array.isArray(list) ? list.filter(isObject) : []
  })
  return [
    schema,
    ...[referred, ...others].filter(isObject).flatMap((each) => variants(root, each, depth + 1)),
  ]
}

function resolved(root: Schema, reference: string): unknown {
  if (reference === '#') return root
  if (!reference.startsWith('#/')) return undefined
  let found: unknown = root
  for (const segment of reference.slice(2).split('/')) {
    found = isObject(found) ? found[segment.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined
  }
  return found
}

function keysOf(root: Schema, schema: Schema, indent: number): Suggestion[] {
  if (!isObject(schema.properties)) return []
  const needed = Array.isArray(schema.required) ? schema.required : []
  return Object.entries(schema.properties).map(([text, field]) => {
    const all = isObject(field) ? variants(root, field) : []
    const description = all.map((each) => each.description).find((each) => typeof each === 'string')
    return {
      text,
      insert: text + afterKey(all, indent),
      detail: [needed.includes(text) ? 'needed' : '', description ?? ''].filter(Boolean).join(' · '),
    }
  })
}

function afterKey(schemas: readonly Schema[], indent: number): string {
  const inner = `:\n${' '.repeat(indent + 2)}`
  if (schemas.some((each) => each.type === 'object' || isObject(each.properties))) return inner
  if (schemas.some((each) => each.type === 'array')) return `${inner}- `
  return ': '
}

function wordsOf(_: Schema, schema: Schema): Suggestion[] {
  const listed: unknown[] = Array.isArray(schema.enum) ? schema.enum : []
  const only = schema.const === undefined ? [] : [schema.const]
  const flags = schema.type === 'boolean' ? [true, false] : []
  const detail = typeof schema.description === 'string' ? schema.description : ''
  return [...listed, ...only, ...flags]
    .filter(isWord)
    .map((word) => ({ text: String(word), insert: String(word), detail }))
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function isAtWordEnd(text: string, cursor: number): boolean {
  return !/[\w.-]/.test(text[cursor] ?? '')
}

function fits(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(name)
  } catch {
    return false
  }
}
