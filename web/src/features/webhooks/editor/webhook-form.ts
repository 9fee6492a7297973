import { ApiProblem, problemText } from '../../../lib/api/problem'
import type { InboundRule, WebhookSpec } from '../../../lib/api/types'

/** What a person has filled in for a webhook; fields are named as in the API. */
export interface WebhookForm {
  name: string
  url: string
  types: readonly string[]
  events: readonly string[]
  filter: string
  body: 'full' | 'thin' | 'template'
  template: string
  signing: 'hmac' | 'ed25519'
  disabled: boolean
  /** Whether posts to its own address become items. */
  takesIn: boolean
  inbound: InboundForm
}

export interface InboundForm {
  type: string
  external_id: string
  when: string
  fields: readonly PairForm[]
}

/** A field with the template of its value. */
export interface PairForm {
  id: number
  name: string
  template: string
}

export const events = [
  'item.created',
  'item.updated',
  'item.commented',
  'item.assigned',
  'item.moved',
  'item.snoozed',
  'item.resolved',
  'item.cancelled',
  'item.timed_out',
  'item.merged',
  'item.type_changed',
] as const

export const emptyForm: WebhookForm = {
  name: '',
  url: '',
  types: [],
  events: [],
  filter: '',
  body: 'full',
  template: '',
  signing: 'hmac',
  disabled: false,
  takesIn: false,
  inbound: { type: '', external_id: '', when: '', fields: [] },
}

export function formOf(spec: WebhookSpec): WebhookForm {
  return {
    name: spec.name ?? '',
    url: spec.url ?? '',
    types: spec.types ?? [],
    events: spec.events ?? [],
    filter: spec.filter ?? '',
    body: spec.body ?? 'full',
    template: spec.template ?? '',
    signing: spec.signing ?? 'hmac',
    disabled: spec.disabled ?? false,
    takesIn: Boolean(spec.inbound),
    inbound: spec.inbound ? inboundOf(spec.inbound) : emptyForm.inbound,
  }
}

/** The webhook as it goes to the server. What was left empty is left out. */
export function specOf(form: WebhookForm): WebhookSpec {
  return {
    ...filled('name', form.name),
    ...filled('url', form.url),
    ...(form.types.length > 0 && { types: [...form.types] }),
    ...(form.events.length > 0 && { events: [...form.events] }),
    ...filled('filter', form.filter),
    body: form.body,
    ...(form.body === 'template' && { template: form.template }),
    signing: form.signing,
    ...(form.takesIn && { inbound: ruleOf(form.inbound) }),
    disabled: form.disabled,
  }
}

/** Problems by the pointers that fields show, and what belongs to none. */
export interface WebhookProblems {
  at: Readonly<Record<string, string>>
  rest: readonly string[]
}

export const noProblems: WebhookProblems = { at: {}, rest: [] }

const shown = ['name', 'url', 'types', 'events', 'filter', 'body', 'template', 'signing', 'disabled']
const shownInbound = ['type', 'external_id', 'when', 'fields']

export function problemsOf(error: unknown): WebhookProblems {
  if (!error) return noProblems
  if (!(error instanceof ApiProblem)) return { at: {}, rest: [problemText(error)] }
  // It has a place and words of its own.
  if (error.code === 'precondition_failed') return noProblems
  if (error.code === 'name_taken') return { at: { '/name': error.message }, rest: [] }
  if (error.errors.length === 0) return { at: {}, rest: [problemText(error)] }
  const at: Record<string, string> = {}
  const rest: string[] = []
  for (const { pointer, detail } of error.errors) {
    const [place, item] = placeOf(pointer)
    if (!place) rest.push(pointer ? `${pointer}: ${detail}` : detail)
    else {
      const text = item ? `${item}: ${detail}` : detail
      at[place] = at[place] ? `${at[place]}; ${text}` : text
    }
  }
  return { at, rest }
}

/** The field that shows a pointer, and which of the many things in it is meant. */
function placeOf(pointer: string): [place: string | null, item?: string] {
  const [, first = '', second, third] = pointer
    .split('/')
    .map((each) => each.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (first === 'inbound') {
    if (second === undefined) return ['/inbound/type']
    return shownInbound.includes(second) ? [`/inbound/${second}`, third] : [null]
  }
  if (!shown.includes(first)) return [null]
  return [`/${first}`, second === undefined ? undefined : `number ${Number(second) + 1}`]
}

let pairCount = 0

export function emptyPair(): PairForm {
  pairCount += 1
  return { id: pairCount, name: '', template: '' }
}

function inboundOf(rule: InboundRule): InboundForm {
  return {
    type: rule.type,
    external_id: rule.external_id ?? '',
    when: rule.when ?? '',
    fields: Object.entries(rule.fields).map(([name, template]) => ({ ...emptyPair(), name, template })),
  }
}

function ruleOf({ type, external_id, when, fields }: InboundForm): InboundRule {
  const named = fields.filter(({ name, template }) => name.trim() !== '' || template.trim() !== '')
  return {
    type: type.trim(),
    ...filled('external_id', external_id),
    ...filled('when', when),
    fields: Object.fromEntries(named.map(({ name, template }) => [name.trim(), template])),
  }
}

function filled<Name extends string>(name: Name, text: string) {
  return (text.trim() ? { [name]: text.trim() } : {}) as { [name in Name]?: string }
}
