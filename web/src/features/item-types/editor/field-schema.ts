/** What this page knows of the schema of a field, for completing it: the file's own schema leaves that to JSON Schema. */
const field = {
  type: 'object',
  properties: {
    type: { enum: ['string', 'number', 'integer', 'boolean', 'array', 'object'] },
    title: { type: 'string', description: 'As people read it' },
    description: { type: 'string', description: 'Help beside it' },
    enum: { type: 'array', description: 'The values that it may have' },
    format: { enum: ['date', 'date-time', 'email', 'uri', 'uuid'] },
    default: { description: 'What it is without being said' },
    minimum: { type: 'number' },
    maximum: { type: 'number' },
    minLength: { type: 'integer' },
    maxLength: { type: 'integer' },
    pattern: { type: 'string' },
    items: { $ref: '#' },
    'x-render': {
      enum: ['money', 'link', 'image', 'json', 'markdown', 'log', 'diff'],
      description: 'How it is shown',
    },
    'x-currency': { type: 'string', description: 'Of money: EUR' },
    'ui:widget': { enum: ['textarea'], description: 'How it is asked for' },
    'ui:placeholder': { type: 'string' },
    'ui:help': { type: 'string' },
    'ui:enumNames': { type: 'array', description: 'The values as people read them' },
  },
}

const fields = {
  type: 'object',
  properties: {
    type: { const: 'object' },
    required: { type: 'array', description: 'The fields that have to be there' },
    properties: {
      type: 'object',
      description: 'The fields in the order in which they are shown',
      additionalProperties: field,
    },
  },
}

/** The schema of the file, with what may be said of fields. */
export function withFields(schema: unknown): unknown {
  const own = {
    properties: { fields, resolutions: { additionalProperties: { properties: { form: fields } } } },
  }
  return typeof schema === 'object' && schema !== null ? { ...schema, allOf: [...allOf(schema), own] } : own
}

function allOf(schema: object): unknown[] {
  return 'allOf' in schema && Array.isArray(schema.allOf) ? schema.allOf : []
}
