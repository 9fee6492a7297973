import type { Page } from '@playwright/test'
import { isGood } from '../world/good.ts'
import { expect, goTo, test } from '../world/test.ts'

const entries = [
  entry(3, 'access.refused', 'usr_2', { verb: 'runs.exec', tried: 'POST /api/v1/runs', why: '`runs.exec` needs admin on web-1.' }, 'bob'),
  entry(2, 'group.changed', 'grp_1', {
    name: 'Support',
    before: { name: 'Support', role: 'admin' },
    after: { name: 'Support', role: 'read-only' },
  }),
  entry(1, 'user.signed_in', 'usr_1', { with: 'session' }),
]

test('the log tells who did what, what was refused, and what it changed', async ({ page, server: _ }) => {
  const asked = await answerWith(page)
  await goTo(page, 'Audit log')
  const rows = page.getByRole('list', { name: 'Entries, newest first' }).locator(':scope > li')
  await expect(rows).toHaveCount(3)
  await expect(rows.nth(0)).toContainText('refused')
  await expect(rows.nth(0)).toContainText('bob may not run commands and scripts, and tried POST /api/v1/runs')
  await expect(rows.nth(1)).toContainText('anna changed the group Support')
  await expect(rows.nth(1)).toContainText('from 192.0.2.7')
  await rows.nth(1).getByRole('button', { name: /^Details/ }).click()
  const change = page.getByRole('region', { name: 'What it changed' })
  await expect(change).toContainText('role: admin')
  await expect(change).toContainText('role: read-only')

  await page.getByLabel('Who').fill('anna')
  await page.getByRole('combobox', { name: 'What', exact: true }).fill('group.*')
  await page.getByLabel('From').fill('2026-11-20')
  await page.getByLabel('To', { exact: true }).fill('2026-11-21')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Look' }).click()
  await expect(page).toHaveURL(/actor=anna/)
  await expect.poll(() => asked.at(-1)?.get('action')).toBe('group.*')
  expect(asked.at(-1)?.get('since')).toMatch(/^2026-11-(19|20)T/)
  expect(asked.at(-1)?.get('until')).toMatch(/^2026-11-2[12]T.*59\.999Z$/)
  await page.getByRole('button', { name: 'Clear' }).click()
  await expect(page.getByLabel('Who')).toHaveValue('')
})

test('what is done is in the log of the server, with what it changed', async ({ page, server: _ }) => {
  const change = (method: string, path: string, body: object) =>
    page.evaluate(
      async ([method, path, body]) => {
        const answer = await fetch(path, { method, body, headers: { 'content-type': 'application/json' } })
        return answer.status
      },
      [method, `/api/v1/${path}`, JSON.stringify(body)] as const,
    )
  expect(await change('POST', 'groups', { name: 'Night shift', role: 'admin' })).toBe(201)
  expect(await change('PATCH', 'groups/Night shift', { role: 'read-only' })).toBe(200)
  await goTo(page, 'Audit log')
  const newest = page.getByRole('list', { name: 'Entries, newest first' }).locator(':scope > li').first()
  await expect(newest).toContainText('changed the group Night shift')
  await newest.getByRole('button', { name: /^Details/ }).click()
  const difference = page.getByRole('region', { name: 'What it changed' })
  await expect(difference).toContainText('role: admin')
  await expect(difference).toContainText('role: read-only')
})

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the log is accessible and fits its width (${colorScheme})`, async ({ page, server: _ }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await answerWith(page)
    await goTo(page, 'Audit log')
    await expect(page.getByRole('button', { name: /^Details/ })).toHaveCount(3)
    for (const details of await page.getByRole('button', { name: /^Details/ }).all()) await details.click()
    await expect(page.getByRole('region', { name: 'What it changed' })).toBeVisible()
    await isGood(page)
  })
}

test('the log goes on with older entries, and an empty one says so', async ({ page, server: _ }) => {
  await answerWith(page)
  await goTo(page, 'Audit log')
  const rows = page.getByRole('list', { name: 'Entries, newest first' }).locator(':scope > li')
  await expect(rows).toHaveCount(3)
  await page.getByRole('button', { name: 'Load more entries' }).click()
  await expect(rows).toHaveCount(4)
  await page.getByLabel('Who').fill('nobody')
  await page.getByRole('button', { name: 'Look' }).click()
  await expect(page.getByText('Nothing like that is in the log')).toBeVisible()
})

/** Answers in the server's place; what was asked for is gathered. */
async function answerWith(page: Page): Promise<URLSearchParams[]> {
  const asked: URLSearchParams[] = []
  await page.route('**/api/v1/audit?*', (route) => {
    const query = new URL(route.request().url()).searchParams
    asked.push(query)
    if (query.get('actor') === 'nobody') return route.fulfill({ json: { items: [], next: null } })
    if (query.get('cursor')) return route.fulfill({ json: { items: [entry(0, 'task.removed', 'tsk_1', { name: 'hello' })], next: null } })
    return route.fulfill({ json: { items: entries, next: 'older' } })
  })
  return asked
}

function entry(seq: number, action: string, subject: string, detail: object, name = 'anna') {
  const actor = { kind: 'user', id: 'usr_1', name, user: 'usr_1' }
  return { seq, at: '2026-11-21T12:00:00Z', actor, address: '192.0.2.7', request: 'req_1', action, subject, detail, hash: 'ab12' }
}
