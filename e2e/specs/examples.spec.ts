import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'
import { isGood } from '../world/good.ts'
import type { Server } from '../world/server.ts'
import { expect, goTo, taskey, test } from '../world/test.ts'

const flagFile = fileURLToPath(new URL('../../examples/item-types/content-flag.yaml', import.meta.url))

const rows = (page: Page) => page.getByRole('list', { name: 'Items' }).getByRole('listitem')
const heading = (page: Page, name: string) => page.getByRole('heading', { name, level: 1 })
const choices = (page: Page) => page.getByRole('group', { name: 'Decide' }).getByRole('button')
const choice = (page: Page, name: string) =>
  page.getByRole('group', { name: 'Decide' }).getByRole('button', { name, exact: true })

/** Posts a flag with the command that stands in the example. */
async function raiseFlag(server: Server, post: string, cause: string) {
  const fields = [`post=${post}`, `url=https://forum.example/p/${post}`, `cause=${cause}`, 'score=0.82']
  await taskey(server, ['items', 'create', '--type', 'content-flag', ...fields.flatMap((field) => ['--field', field])])
}

/** Hands the open flag up to the second level, where more may be decided. */
async function handUp(page: Page) {
  await expect(choices(page)).toHaveText([/Leave it online$/, /Take it down$/])
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Move to Second level' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'Moved to Second level' })).toBeVisible()
  await expect(choices(page)).toHaveText([/Leave it online$/, /Take it down$/, /Take it down and suspend the author$/])
}

test('of two flags that are handed up a level one post stays online, and the other is taken down', async ({ page, server, complaints }) => {
  await taskey(server, ['item-types', 'apply', '-f', flagFile])
  await raiseFlag(server, 'p-17', 'harassment')
  await raiseFlag(server, 'p-18', 'spam')
  await goTo(page, 'Inbox')
  await expect(rows(page)).toHaveText([/spam: p-18.*First level/, /harassment: p-17.*First level/])

  await page.getByRole('link', { name: 'harassment: p-17' }).click()
  await handUp(page)
  await isGood(page)
  await choice(page, 'Leave it online').click()
  await expect(heading(page, 'spam: p-18')).toBeFocused()

  await handUp(page)
  await choice(page, 'Take it down').click()
  const dialog = page.getByRole('dialog', { name: 'Take it down' })
  await expect(dialog.getByText('Take p-18 down? Its author is told.')).toBeVisible()
  await dialog.getByRole('button', { name: 'Take it down', exact: true }).click()
  await expect(dialog.getByText('A reason is needed.')).toBeVisible()
  await dialog.getByRole('button', { name: 'spam', exact: true }).click()
  await isGood(page)
  await dialog.getByRole('button', { name: 'Take it down', exact: true }).click()
  await expect(page.getByText('Nothing waits')).toBeVisible()

  await page.getByRole('navigation', { name: 'Which items' }).getByRole('link', { name: /^Closed/ }).click()
  await expect(rows(page)).toHaveCount(2)
  await expect(rows(page).filter({ hasText: 'harassment: p-17' })).toContainText('Leave it online')
  await page.getByRole('link', { name: 'spam: p-18' }).click()
  await expect(page.getByRole('alert')).toContainText(/Take it down.*: spam/)
  await expect(page.getByRole('list', { name: 'Log' })).toContainText('moved it to Second level')
  expect(complaints).toEqual([])
})
