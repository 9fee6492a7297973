import type { Page } from '@playwright/test'
import { isGood } from '../world/good.ts'
import { expect, goTo, test } from '../world/test.ts'

const rows = (page: Page) => page.getByRole('list', { name: 'Items' }).getByRole('listitem')
const decide = (page: Page, name: string) =>
  page.getByRole('group', { name: 'Decide' }).getByRole('button', { name })
const heading = (page: Page, name: string) => page.getByRole('heading', { name, level: 1 })

const refund = {
  name: 'refund',
  title: 'Refund {{ amount }} for {{ order }}',
  text: 'A customer wants {{ amount }} back.\n\nThe order is {{ order }}.',
  fields: {
    type: 'object',
    required: ['order', 'amount'],
    properties: {
      order: { type: 'string', title: 'Order' },
      amount: { type: 'number', title: 'Amount' },
      page__preview: { type: 'string', title: 'Page' },
    },
  },
  resolutions: {
    approve: { label: 'Refund {{ amount }}' },
    refuse: { label: 'Refuse', refusal: true, reasons: ['Too late', 'Not ours'], reason_required: true },
  },
}

/** Sends something as the person who is signed in. */
async function send(page: Page, path: string, body: unknown) {
  const status = await page.evaluate(
    async ([to, sent]) => {
      const headers = { 'Content-Type': 'application/json' }
      return (await fetch(to, { method: 'POST', headers, body: sent })).status
    },
    [path, JSON.stringify(body)] as const,
  )
  expect(status, path).toBe(201)
}

const post = (page: Page, order: string, amount: number, more: Record<string, unknown> = {}) =>
  send(page, '/api/v1/items', { type: 'refund', fields: { order, amount, ...more } })

test('an item appears by itself, one tap resolves it, and the next one comes', async ({ page, server: _, complaints }) => {
  await goTo(page, 'Inbox')
  await expect(page.getByText('Nothing waits')).toBeVisible()
  await isGood(page)
  await send(page, '/api/v1/item-types', refund)
  await post(page, 'A1', 10)
  await post(page, 'A2', 20)
  await expect(rows(page)).toHaveText([/Refund 20 for A2/, /Refund 10 for A1/])
  await isGood(page)

  await page.getByRole('link', { name: 'Refund 20 for A2' }).click()
  await expect(heading(page, 'Refund 20 for A2')).toBeFocused()
  await expect(page.getByText('A customer wants 20 back.')).toBeVisible()
  await isGood(page)
  await decide(page, 'Refund 20').click()
  await expect(heading(page, 'Refund 10 for A1')).toBeFocused()
  await expect(page.getByRole('status').filter({ hasText: 'Refund 20: done' })).toBeVisible()

  await decide(page, 'Refuse').click()
  await page.getByRole('dialog').getByRole('button', { name: 'Not ours' }).click()
  await expect(page.getByText('Nothing waits')).toBeVisible()
  await expect(page.getByText(/Last item resolved/)).toBeVisible()
  expect(complaints).toEqual([])
})

test('of two who decide over the same item one wins, and the other is told who', async ({ page, server, context }) => {
  await send(page, '/api/v1/item-types', refund)
  await post(page, 'A1', 10)
  await goTo(page, 'Inbox')
  await page.getByRole('link', { name: 'Refund 10 for A1' }).click()
  await expect(decide(page, 'Refund 10')).toBeVisible()
  const other = await context.newPage()
  await other.goto(page.url())
  await expect(decide(other, 'Refund 10')).toBeVisible()
  await decide(other, 'Refund 10').click()
  await expect(other.getByText('Nothing waits')).toBeVisible()
  await expect(page.getByText(/: Refund 10$/)).toBeVisible()
  await expect(page.getByRole('group', { name: 'Decide' })).toHaveCount(0)
  expect(page.url()).toContain(server.url)
})

test('a link that is none is shown as text', async ({ page, server: _ }) => {
  await send(page, '/api/v1/item-types', { ...refund, text: undefined })
  await post(page, 'A1', 10, { page__preview: 'javascript:alert(1)' })
  await goTo(page, 'Inbox')
  await page.getByRole('link', { name: 'Refund 10 for A1' }).click()
  await expect(page.getByText('javascript:alert(1)')).toBeVisible()
  await expect(page.getByRole('link', { name: 'javascript:alert(1)' })).toHaveCount(0)
})

test('the keyboard goes through the inbox, and its list of commands teaches the keys', async ({ page, server: _ }, { project }) => {
  test.skip(project.name === 'phone', 'a phone has no keys')
  await send(page, '/api/v1/item-types', refund)
  await post(page, 'A1', 10)
  await post(page, 'A2', 20)
  await goTo(page, 'Inbox')
  await expect(rows(page)).toHaveCount(2)
  await page.keyboard.press('j')
  await expect(heading(page, 'Refund 20 for A2')).toBeFocused()
  await page.keyboard.press('j')
  await expect(heading(page, 'Refund 10 for A1')).toBeFocused()
  await page.keyboard.press('k')
  await expect(heading(page, 'Refund 20 for A2')).toBeFocused()
  await page.keyboard.press('a')
  await expect(page.getByText('You have it')).toBeVisible()
  await page.keyboard.press('Control+k')
  const palette = page.getByRole('dialog', { name: 'Commands' })
  await expect(palette.getByRole('option', { name: /Write a comment/ })).toContainText('c')
  await isGood(page)
  await page.keyboard.type('refund 20')
  await page.keyboard.press('Enter')
  await expect(heading(page, 'Refund 10 for A1')).toBeFocused()
})
