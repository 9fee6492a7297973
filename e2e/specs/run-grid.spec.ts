import type { Page } from '@playwright/test'
import { isGood } from '../world/good.ts'
import { cancelExecution, enrollAway, expect, startRun, test } from '../world/test.ts'

const tiles = (page: Page) => page.getByRole('listbox', { name: 'Devices by state' })
const states = (page: Page) => page.getByRole('list', { name: 'Executions by state' })
const onDevice = (page: Page) => page.getByRole('region', { name: /^On the devices/ })

test('a run on many devices is a grid that changes while it is looked at', async ({ page, server, complaints }) => {
  const names = await enrollAway(server, 130)
  const run = await startRun(server, names)
  await page.goto(`${server.url}/runs/${run.id}`)
  await expect(states(page).getByRole('button', { name: '130 queued' })).toBeVisible()
  const first = tiles(page).getByRole('option', { name: 'away-1: queued', exact: true })
  await expect(first).toHaveAttribute('aria-setsize', '130')
  await isGood(page)

  let gridReads = 0
  page.on('request', (request) => {
    if (request.url().includes('/grid')) gridReads += 1
  })
  for (const execution of run.executions.slice(0, 3)) await cancelExecution(server, execution.id)
  await expect(tiles(page).getByRole('option', { name: 'away-1: cancelled', exact: true })).toBeVisible()
  await expect(states(page).getByRole('button', { name: '3 cancelled' })).toBeVisible()
  await expect(states(page).getByRole('button', { name: '127 queued' })).toBeVisible()
  expect(gridReads, 'events change tiles, and nothing is read again').toBe(0)
  expect(complaints).toEqual([])
})

test('the states are a filter, and its place is in the address', async ({ page, server }) => {
  const run = await startRun(server, await enrollAway(server, 40))
  await cancelExecution(server, run.executions[6]?.id ?? '')
  await page.goto(`${server.url}/runs/${run.id}`)
  const cancelled = states(page).getByRole('button', { name: '1 cancelled' })
  await cancelled.click()
  await expect(cancelled).toHaveAttribute('aria-pressed', 'true')
  await expect(tiles(page).getByRole('option')).toHaveCount(1)
  await expect(page.getByText('1 of 40 devices: cancelled.')).toBeVisible()
  await expect(page).toHaveURL(/state=cancelled/)
  await page.reload()
  await expect(tiles(page).getByRole('option')).toHaveAccessibleName('away-7: cancelled')
  await isGood(page)
  await states(page).getByRole('button', { name: '1 cancelled' }).click()
  await expect(tiles(page).getByRole('option', { name: 'away-1: queued', exact: true })).toBeVisible()
})

test('keys lead through the grid, and a tile beyond the first page opens its execution and says why', async ({
  page,
  server,
}) => {
  const run = await startRun(server, await enrollAway(server, 130))
  await page.goto(`${server.url}/runs/${run.id}`)
  await expect(tiles(page).getByRole('option').first()).toBeVisible()
  await tiles(page).focus()
  await page.keyboard.press('End')
  const last = tiles(page).getByRole('option', { name: 'away-130: queued' })
  await expect(last).toBeInViewport()
  await expect(tiles(page)).toHaveAttribute('aria-activedescendant', (await last.getAttribute('id')) ?? '')
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/execution=exe_/)
  await expect(last).toHaveAttribute('aria-selected', 'true')
  await expect(onDevice(page).getByRole('link', { name: 'away-130' })).toBeInViewport()

  const why = onDevice(page).getByRole('button', { name: 'Why does it wait?' })
  await why.click()
  await expect(onDevice(page).getByText('It waits for away-130, which is offline.')).toBeVisible()
  const steps = onDevice(page).getByRole('list', { name: 'What happened' })
  await expect(steps).toContainText('anna (the-tests) started exec true')
  await expect(steps).toContainText('It was for 130 devices; this is about away-130.')
  await isGood(page)

  await onDevice(page).getByRole('button', { name: 'Cancel on away-130' }).click()
  await expect(onDevice(page).getByRole('button', { name: 'Why did it end so?' })).toBeVisible()
  await expect(onDevice(page).getByText(/Cancelled by anna before it was sent/).first()).toBeVisible()
  await expect(tiles(page).getByRole('option', { name: 'away-130: cancelled' })).toBeVisible()
})

test('what waits for a device is listed in its order and cancelled at once, after a question that says how much', async ({
  page,
  server,
}) => {
  const [name = ''] = await enrollAway(server, 1)
  await page.goto(`${server.url}/devices/${name}`)
  const queue = page.getByRole('region', { name: /^Waiting/ })
  await expect(queue.getByText('Nothing waits for this device.')).toBeVisible()
  for (const command of ['first', 'second', 'third']) await startRun(server, [name], command)
  const waiting = queue.getByRole('list', { name: 'Waiting runs' })
  await expect(queue.getByRole('heading', { name: 'Waiting: 3 runs' })).toBeVisible()
  await expect(waiting.getByRole('listitem')).toHaveText([/^1\. exec first/, /^2\. exec second/, /^3\. exec third/])
  await isGood(page)

  await queue.getByRole('button', { name: 'Cancel all that waits' }).click()
  const dialog = page.getByRole('dialog', { name: 'Cancel 3 runs?' })
  await isGood(page)
  await dialog.getByRole('button', { name: 'Cancel 3 runs' }).click()
  await expect(dialog).toBeHidden()
  await expect(queue.getByText('Nothing waits for this device.')).toBeVisible()
  await page.getByRole('list', { name: 'Runs' }).getByRole('link', { name: 'exec third' }).click()
  await expect(page.getByText('Purged by anna with everything else that waited for away-1.')).toBeVisible()
})
