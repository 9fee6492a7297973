import type { FieldError } from '../../../lib/api/types'
import { type FieldSchema, fieldLabel, hintOf, isObject, readSchema } from '../fields/schema'

interface CommonField {
  key: string
  label: string
  help?: string
  placeholder?: string
  isRequired: boolean
}

interface Option {
  /** What the field of the screen calls it: its place among the options. */
  value: string
  label: string
  means: unknown
}

/** A field of a form that a JSON Schema asks for. What is none of the simple kinds is written as JSON. */
export type FormField = CommonField &
  (
    | { kind: 'line' | 'lines'; lengthMin?: number; lengthMax?: number; pattern?: string }
    | { kind: 'number' | 'integer'; min?: number; max?: number; above?: number; below?: number }
    | { kind: 'flag' }
    | { kind: 'choice' | 'choices'; options: readonly Option[] }
    | { kind: 'day' | 'moment' | 'json' }
  )

/** What was filled in, as it was typed; a flag is a boolean, several choices are a list. */
export type FormValues = Readonly<Record<string, string | boolean | readonly string[]>>

export function formFields(schema: unknown): FormField[] {
  const { properties, required } = readSchema(schema)
  return properties.map(([key, field]) => ({
    key,
    label: fieldLabel(key, field),
    ...textHint('help', hintOf(field, 'help') ?? field.description),
    ...textHint('placeholder', hintOf(field, 'placeholder')),
    isRequired: required.includes(key),
    ...kindOf(field),
  }))
}

/** What a form begins with: what is there already, else what the schema says, else nothing. */
export function valuesOf(
  schema: unknown,
  fields: readonly FormField[],
  given: Record<string, unknown> = {},
): FormValues {
  const schemas = new Map(readSchema(schema).properties)
  return Object.fromEntries(
    fields.map((field) => [field.key, written(field, given[field.key] ?? schemas.get(field.key)?.default)]),
  )
}

export type ReadForm = { values: Record<string, unknown> } | { problems: Readonly<Record<string, string>> }

/** What a form says. What is left empty is left out; the server judges what this page cannot. */
export function readForm(fields: readonly FormField[], values: FormValues): ReadForm {
  const read: Record<string, unknown> = {}
  const problems: Record<string, string> = {}
  for (const field of fields) {
    const outcome = readField(field, values[field.key])
    if ('problem' in outcome) problems[field.key] = outcome.problem
    else if (outcome.value !== undefined) read[field.key] = outcome.value
  }
  return Object.keys(problems).length > 0 ? { problems } : { values: read }
}

/** What was changed, as it is sent: a field that was emptied is removed. What stays as it was is left out. */
export function changedFields(
  fields: readonly FormField[],
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const changed = fields.filter(({ key, kind }) => {
    // A box that nobody has ticked does not say no to what was never said.
    if (kind === 'flag' && before[key] === undefined) return after[key] === true
    return !isSame(before[key] ?? null, after[key] ?? null)
  })
  return Object.fromEntries(changed.map(({ key }) => [key, after[key] ?? null]))
}

/** The server's problems of a form's fields, and those that belong to none. `at`: where the form is in what was sent, `/answers`. */
export function formProblems(errors: readonly FieldError[], fields: readonly FormField[], at: string) {
  const problems: Record<string, string> = {}
  const rest: string[] = []
  for (const { pointer, detail } of errors) {
    const key = keyIn(pointer, at)
    if (key === null || !fields.some((field) => field.key === key))
      rest.push(pointer ? `${pointer}: ${detail}` : detail)
    else problems[key] = problems[key] ? `${problems[key]}; ${detail}` : detail
  }
  return { problems, rest }
}

function keyIn(pointer: string, at: string): string | null {
  if (!pointer.startsWith(`${at}/`)) return null
  const [segment = ''] = pointer.slice(at.length + 1).split('/')
  return segment.replaceAll('~1', '/').replaceAll('~0', '~')
}

function kindOf(schema: FieldSchema): Kind {
  const options = optionsOf(schema)
  if (options) return { kind: 'choice', options }
  const type = typeOf(schema)
  const itemOptions = type === 'array' && schema.items ? optionsOf(schema.items) : null
  if (itemOptions) return { kind: 'choices', options: itemOptions }
  switch (type) {
    case 'string':
      return textKind(schema)
    case 'number':
    case 'integer':
      return {
        kind: type,
        min: schema.minimum,
        max: schema.maximum,
        above: schema.exclusiveMinimum,
        below: schema.exclusiveMaximum,
      }
    case 'boolean':
      return { kind: 'flag' }
    default:
      return { kind: 'json' }
  }
}

type Kind = FormField extends infer Field
  ? Field extends unknown
    ? Omit<Field, keyof CommonField>
    : never
  : never

function textKind(schema: FieldSchema): Kind {
  if (schema.format === 'date') return { kind: 'day' }
  if (schema.format === 'date-time') return { kind: 'moment' }
  const isLong = hintOf(schema, 'widget') === 'textarea' || schema['x-render'] === 'markdown'
  return {
    kind: isLong ? 'lines' : 'line',
    lengthMin: schema.minLength,
    lengthMax: schema.maxLength,
    pattern: schema.pattern,
  }
}

function optionsOf(schema: FieldSchema): Option[] | null {
  const named = schema.oneOf?.filter((each) => isObject(each) && 'const' in each)
  if (named && named.length > 0 && named.length === schema.oneOf?.length) {
    return named.map(({ const: means, title }, place) => option(place, means, title))
  }
  if (!Array.isArray(schema.enum) || schema.enum.length === 0) return null
  const names = hintOf(schema, 'enumNames')
  return schema.enum.map((means, place) =>
    option(place, means, Array.isArray(names) ? names[place] : undefined),
  )
}

function option(place: number, means: unknown, title: unknown): Option {
  const label = typeof title === 'string' ? title : typeof means === 'string' ? means : JSON.stringify(means)
  return { value: String(place), label, means }
}

/** The type, where there is one but for `null`. A schema that says none is taken as text where nothing speaks against it. */
function typeOf({ type, properties, items }: FieldSchema): string | undefined {
  const types = (Array.isArray(type) ? type : [type]).filter((each) => each !== 'null')
  if (types.length === 1 && types[0] !== undefined) return types[0]
  return types.length === 1 && !properties && !items ? 'string' : undefined
}

function textHint<Name extends string>(name: Name, text: unknown) {
  return (typeof text === 'string' && text !== '' ? { [name]: text } : {}) as { [name in Name]?: string }
}

function written(field: FormField, value: unknown): string | boolean | readonly string[] {
  const placeOf = (means: unknown) =>
    'options' in field ? field.options.find((each) => isSame(each.means, means))?.value : undefined
  switch (field.kind) {
    case 'flag':
      return value === true
    case 'choice':
      return placeOf(value) ?? ''
    case 'choices':
      return Array.isArray(value) ? value.map(placeOf).filter((place) => place !== undefined) : []
    case 'json':
      return value === undefined || value === null ? '' : JSON.stringify(value, null, 2)
    default:
      return value === undefined || value === null ? '' : String(value)
  }
}

type ReadField = { value: unknown } | { problem: string }

function readField(field: FormField, value: string | boolean | readonly string[] = ''): ReadField {
  if (field.kind === 'flag') return { value: value === true }
  if (field.kind === 'choices') {
    const chosen = Array.isArray(value) ? value : []
    const means = field.options.filter((each) => chosen.includes(each.value)).map((each) => each.means)
    if (means.length === 0 && field.isRequired) return { problem: 'Choose at least one.' }
    return { value: means.length > 0 ? means : undefined }
  }
  const text = String(value)
  if (text.trim() === '') return field.isRequired ? { problem: missing(field) } : { value: undefined }
  switch (field.kind) {
    case 'choice':
      return { value: field.options.find((each) => each.value === text)?.means }
    case 'number':
    case 'integer':
      return readNumber(field, text)
    case 'json':
      return readJson(text)
    case 'line':
    case 'lines':
      return readText(field, field.kind === 'line' ? text.trim() : text)
    default:
      return { value: text }
  }
}

function missing({ kind }: FormField): string {
  return kind === 'choice' ? 'Choose one.' : 'This is needed.'
}

function readNumber(field: Extract<FormField, { min?: number }>, text: string): ReadField {
  const number = Number(text.trim().replace(',', '.'))
  if (!Number.isFinite(number)) return { problem: 'A number is needed here.' }
  if (field.kind === 'integer' && !Number.isInteger(number))
    return { problem: 'A whole number is needed here.' }
  if (field.min !== undefined && number < field.min) return { problem: `At least ${field.min}.` }
  if (field.max !== undefined && number > field.max) return { problem: `At most ${field.max}.` }
  if (field.above !== undefined && number <= field.above) return { problem: `More than ${field.above}.` }
  if (field.below !== undefined && number >= field.below) return { problem: `Less than ${field.below}.` }
  return { value: number }
}

function readText(field: Extract<FormField, { pattern?: string }>, text: string): ReadField {
  const length = [...text].length
  if (field.lengthMin !== undefined && length < field.lengthMin)
    return { problem: `At least ${field.lengthMin} characters.` }
  if (field.lengthMax !== undefined && length > field.lengthMax)
    return { problem: `At most ${field.lengthMax} characters.` }
  if (field.pattern !== undefined && !fits(field.pattern, text))
    return { problem: `It has to fit ${field.pattern}.` }
  return { value: text }
}

function readJson(text: string): ReadField {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return { problem: 'It is not JSON: texts stand in double quotes.' }
  }
}

/** What this browser cannot read as a pattern is left to the server. */
function fits(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text)
  } catch {
    return true
  }
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
