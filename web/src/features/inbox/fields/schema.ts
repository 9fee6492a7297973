/** What this page reads of a JSON Schema; the server alone knows all of it. */

/** The schema of one field. */
export interface FieldSchema {
  type?: string | readonly string[]
  title?: string
  description?: string
  enum?: readonly unknown[]
  oneOf?: readonly { const?: unknown; title?: string }[]
  items?: FieldSchema
  format?: string
  default?: unknown
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  minLength?: number
  maxLength?: number
  pattern?: string
  [hint: string]: unknown
}

/** The schema of several fields: their order is that in which they are shown. */
export interface ReadSchema {
  properties: readonly [string, FieldSchema][]
  required: readonly string[]
}

export function readSchema(schema: unknown): ReadSchema {
  if (!isObject(schema)) return { properties: [], required: [] }
  const properties = isObject(schema.properties) ? Object.entries(schema.properties) : []
  return {
    properties: properties.map(([name, field]) => [name, isObject(field) ? field : {}]),
    required: Array.isArray(schema.required)
      ? schema.required.filter((name) => typeof name === 'string')
      : [],
  }
}

export type Mark = 'editable' | 'merge' | 'preview' | 'webhook'

const marks: readonly Mark[] = ['editable', 'merge', 'preview', 'webhook']

/** A field's name as it is in an item, read: `photo__preview__webhook` is `photo` with two marks. */
export function parseKey(key: string): { name: string; marks: readonly Mark[] } {
  const [name = '', ...words] = key.split('__')
  if (name === '') return { name: key, marks: [] }
  return { name, marks: marks.filter((mark) => words.includes(mark)) }
}

/** As people read it: the schema's title, else the name with spaces. */
export function fieldLabel(key: string, schema: FieldSchema): string {
  if (typeof schema.title === 'string' && schema.title !== '') return schema.title
  return inWords(parseKey(key).name)
}

/** `waiting_for_shop` as `Waiting for shop`. */
export function inWords(name: string): string {
  const words = name.replace(/[_-]+/g, ' ').trim()
  return words === '' ? name : words[0]?.toUpperCase() + words.slice(1)
}

/** A hint such as `ui:widget`, which may also stand in `ui:options`. */
export function hintOf(schema: FieldSchema, name: string): unknown {
  const options = schema['ui:options']
  return schema[`ui:${name}`] ?? (isObject(options) ? options[name] : undefined)
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
