import { expect, test } from 'vitest'
import { ApiProblem } from '../../../lib/api/problem'
import type { WebhookSpec } from '../../../lib/api/types'
import { emptyForm, formOf, problemsOf, specOf } from './webhook-form'

const everything: WebhookSpec = {
  name: 'shop',
  url: 'https://shop.example/hook',
  types: ['refund'],
  events: ['item.resolved'],
  filter: 'amount>100',
  body: 'template',
  template: '{"id": "{{ data.item.id }}"}',
  signing: 'ed25519',
  inbound: {
    type: 'flag',
    external_id: '{{ body.id }}',
    when: '{{ body.type == "flag.raised" }}',
    fields: { order: '{{ body.order }}', amount: '{{ body.amount }}' },
  },
  disabled: true,
}
const invalid = (...errors: [string, string][]) =>
  new ApiProblem({
    status: 422,
    code: 'invalid',
    detail: 'Some fields are wrong',
    errors: errors.map(([pointer, detail]) => ({ pointer, detail })),
  })

test('every field comes back from the form as it was', () => {
  expect(specOf(formOf(everything))).toEqual(everything)
})

test('what was left empty is left out, and so is a template that is not used', () => {
  expect(specOf({ ...emptyForm, url: ' https://a.example ', template: 'x' })).toEqual({
    url: 'https://a.example',
    body: 'full',
    signing: 'hmac',
    disabled: false,
  })
})

test('a rule that is switched off is not sent, and an empty row of it neither', () => {
  const form = formOf(everything)
  expect(specOf({ ...form, takesIn: false }).inbound).toBeUndefined()
  const row = { id: 0, name: '', template: '' }
  const withRow = { ...form, inbound: { ...form.inbound, fields: [...form.inbound.fields, row] } }
  expect(specOf(withRow)).toEqual(everything)
})

test('problems go to the fields that show them', () => {
  expect(
    problemsOf(
      invalid(
        ['/url', 'no address'],
        ['/types/1', 'there is no such type'],
        ['/inbound/fields/order', 'no template'],
        ['/inbound', 'what it is for is missing'],
        ['/secret', 'unknown'],
      ),
    ),
  ).toEqual({
    at: {
      '/url': 'no address',
      '/types': 'number 2: there is no such type',
      '/inbound/fields': 'order: no template',
      '/inbound/type': 'what it is for is missing',
    },
    rest: ['/secret: unknown'],
  })
})

test('a taken name is a problem of the name, and a change by somebody else is told elsewhere', () => {
  const problem = (code: string) => new ApiProblem({ status: 409, code, detail: 'Another one is called so.' })
  expect(problemsOf(problem('name_taken')).at).toEqual({ '/name': 'Another one is called so.' })
  expect(problemsOf(problem('precondition_failed'))).toEqual({ at: {}, rest: [] })
})
