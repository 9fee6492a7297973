import { type Locale, numberText } from '../../../lib/locale'
import { safeLink, safePicture } from './safe-link'
import { type FieldSchema, fieldLabel, hintOf, isObject, parseKey, readSchema } from './schema'

/** A field as it is shown. */
export type FieldView =
  | { kind: 'text'; text: string }
  /** Its line breaks count. */
  | { kind: 'lines'; text: string }
  /** Spaces count too. */
  | { kind: 'code'; text: string }
  | { kind: 'link'; href: string; text: string }
  | { kind: 'picture'; href: string; text: string }
  | { kind: 'moment'; at: string }
  /** Things that have the same few facts, a row each. */
  | { kind: 'table'; columns: readonly Column[]; rows: readonly (readonly string[])[] }

export interface Column {
  key: string
  label: string
}

export interface ShownField {
  key: string
  label: string
  view: FieldView
  /** Whether it is shown beside an item's text too. */
  isPreview: boolean
}

/** The fields of an item in the order of their schema; those that it does not know of come last. What is empty is left out. */
export function shownFields(
  schema: unknown,
  fields: Readonly<Record<string, unknown>>,
  locale: Locale = {},
): ShownField[] {
  const { properties } = readSchema(schema)
  const known = new Set(properties.map(([key]) => key))
  const others = Object.keys(fields).filter((key) => !known.has(key))
  const all: (readonly [string, FieldSchema])[] = [...properties, ...others.map((key) => [key, {}] as const)]
  return all.flatMap(([key, field]) => {
    const value = fields[key]
    if (isEmpty(value)) return []
    const isPreview = parseKey(key).marks.includes('preview')
    return [
      {
        key,
        label: fieldLabel(key, field),
        view: fieldView(key, field, value, locale, fields.currency),
        isPreview,
      },
    ]
  })
}

/** How the value of a field is shown; `currency` stands beside it, in a field of this name. What is no safe link is text, whatever the schema says. */
export function fieldView(
  key: string,
  schema: FieldSchema,
  value: unknown,
  locale: Locale = {},
  currency?: unknown,
): FieldView {
  const render = schema['x-render']
  if (render === 'json') return code(value)
  if (render === 'money') return { kind: 'text', text: moneyText(schema, value, locale, currency) }
  const named = enumName(schema, value)
  if (named !== null) return { kind: 'text', text: named }
  if (typeof value === 'string') return textView(key, schema, value)
  if (typeof value === 'number') return { kind: 'text', text: numberText(value, locale) }
  if (typeof value === 'boolean') return { kind: 'text', text: value ? 'Yes' : 'No' }
  if (Array.isArray(value) && value.every(isPlain))
    return { kind: 'text', text: value.map(String).join(', ') }
  return (Array.isArray(value) ? tableView(schema, value, locale) : null) ?? code(value)
}

const COLUMNS_MAX = 12
const ROWS_MAX = 200

/** A list of things with plain facts; null where it is none such, or too large for a table. */
function tableView(schema: FieldSchema, list: readonly unknown[], locale: Locale): FieldView | null {
  if (list.length === 0 || list.length > ROWS_MAX || !list.every(isRow)) return null
  const { properties } = readSchema(schema.items)
  const said = new Map(properties)
  const keys = [...new Set([...said.keys(), ...list.flatMap((row) => Object.keys(row))])]
  const used = keys.filter((key) => list.some((row) => !isEmpty(row[key])))
  if (used.length === 0 || used.length > COLUMNS_MAX) return null
  const cell = (row: Row, key: string) => {
    const value = row[key]
    if (isEmpty(value)) return ''
    const view = fieldView(key, said.get(key) ?? {}, value, locale, row.currency)
    return 'text' in view ? view.text : String(value)
  }
  const columns = used.map((key) => ({ key, label: fieldLabel(key, said.get(key) ?? {}) }))
  return { kind: 'table', columns, rows: list.map((row) => used.map((key) => cell(row, key))) }
}

type Row = Readonly<Record<string, unknown>>

function isRow(value: unknown): value is Row {
  return isObject(value) && Object.values(value).every((fact) => isEmpty(fact) || isPlain(fact))
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

function textView(key: string, schema: FieldSchema, text: string): FieldView {
  const render = schema['x-render']
  if (render === 'diff' || render === 'log') return { kind: 'code', text }
  if (parseKey(key).marks.includes('preview') || render === 'image') {
    const picture = safePicture(text, render === 'image')
    if (picture) return { kind: 'picture', href: picture, text }
  }
  if (schema.format === 'date-time' && !Number.isNaN(Date.parse(text))) return { kind: 'moment', at: text }
  const isSaidToBeLink = parseKey(key).marks.includes('preview') || render === 'link' || render === 'image'
  const href = safeLink(text)
  // A path is one only where the schema says so: much else begins with a slash.
  if (href && (isSaidToBeLink || !text.trim().startsWith('/'))) return { kind: 'link', href, text }
  return text.includes('\n') ? { kind: 'lines', text } : { kind: 'text', text }
}

/** `€240.00`. The currency stands in the value, in the schema as `x-currency`, or beside it. */
function moneyText(schema: FieldSchema, value: unknown, { language }: Locale, beside: unknown): string {
  const amount = Number(isObject(value) ? value.amount : value)
  const currency = isObject(value)
    ? value.currency
    : (schema['x-currency'] ?? hintOf(schema, 'currency') ?? beside)
  if (!Number.isFinite(amount)) return typeof value === 'string' ? value : JSON.stringify(value)
  try {
    if (typeof currency === 'string')
      return new Intl.NumberFormat(language, { style: 'currency', currency }).format(amount)
  } catch {
    return `${numberText(amount, { language })} ${currency}`
  }
  return new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(
    amount,
  )
}

/** What people call one of a few values, where the schema says. */
function enumName(schema: FieldSchema, value: unknown): string | null {
  const option = schema.oneOf?.find((each) => isObject(each) && each.const === value)
  if (typeof option?.title === 'string') return option.title
  const names = hintOf(schema, 'enumNames')
  const place = schema.enum?.indexOf(value) ?? -1
  const name = Array.isArray(names) ? names[place] : undefined
  return typeof name === 'string' ? name : null
}

function isPlain(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function code(value: unknown): FieldView {
  return { kind: 'code', text: typeof value === 'string' ? value : JSON.stringify(value, null, 2) }
}
