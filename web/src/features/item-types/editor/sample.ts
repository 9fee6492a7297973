import { type FieldSchema, fieldLabel, isObject, parseKey, readSchema } from '../../inbox/fields/schema'

/** Fields with which an item of a type may be tried: what the schema offers, else something of the right kind. */
export function sampleFields(schema: unknown): Record<string, unknown> {
  return Object.fromEntries(readSchema(schema).properties.map(([key, field]) => [key, sample(key, field)]))
}

function sample(key: string, schema: FieldSchema): unknown {
  if (schema.default !== undefined) return schema.default
  if (Array.isArray(schema.examples) && schema.examples.length > 0) return schema.examples[0]
  if (schema.const !== undefined) return schema.const
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return schema.enum[0]
  const [option] = schema.oneOf ?? []
  if (isObject(option) && option.const !== undefined) return option.const
  const [type] = (Array.isArray(schema.type) ? schema.type : [schema.type]).filter((each) => each !== 'null')
  switch (type) {
    case 'number':
    case 'integer':
      return numberIn(schema)
    case 'boolean':
      return true
    case 'array':
      return schema.items ? [sample(key, schema.items)] : []
    case 'object':
      return sampleFields(schema)
    default:
      return sampleText(key, schema)
  }
}

function numberIn({ minimum, maximum, ...schema }: FieldSchema): number {
  const wanted = schema['x-render'] === 'money' ? 240 : 7
  const within = Math.min(Math.max(wanted, minimum ?? wanted), maximum ?? Number.POSITIVE_INFINITY)
  const {
    exclusiveMinimum: above = Number.NEGATIVE_INFINITY,
    exclusiveMaximum: below = Number.POSITIVE_INFINITY,
  } = schema
  if (within > above && within < below) return within
  if (Number.isFinite(above) && Number.isFinite(below)) return (above + below) / 2
  return Number.isFinite(above) ? above + 1 : below - 1
}

const textsOf: Record<string, string> = {
  date: '2027-01-15',
  'date-time': '2027-01-15T09:00:00Z',
  email: 'ana@example.org',
  uri: 'https://example.org/',
  uuid: '018f3c8e-7d2b-7c11-9a43-3f2b6c1d0e5a',
}

function sampleText(key: string, schema: FieldSchema): string {
  const render = schema['x-render']
  if (render === 'image' || parseKey(key).marks.includes('preview')) return '/favicon.svg'
  if (render === 'link') return 'https://example.org/'
  const text = textsOf[schema.format ?? ''] ?? fieldLabel(key, schema)
  return text.slice(0, schema.maxLength).padEnd(schema.minLength ?? 0, '.')
}
