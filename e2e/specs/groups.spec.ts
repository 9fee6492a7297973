import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, runScriptOnAll, test as base } from '../world/test.ts'

/** `folder`: a new one on the machine that all devices of these tests are on, where each may make something first. */
const test = base.extend<{ folder: string }>({
  folder: async ({ browserName: _ }, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'taskey-e2e-groups-'))
    chmodSync(folder, 0o777)
    await use(folder)
    rmSync(folder, { recursive: true, force: true })
  },
})

/** One device says `first`, the two others `other`. */
const oneIsFirst = (folder: string) => `echo begun
mkdir ${folder}/first 2>/dev/null && echo first || echo other
echo ended
`

for (const colorScheme of ['light', 'dark'] as const) {
  test(`what ended alike is a group, which narrows the devices to its own (${colorScheme})`, async ({ page, serverWithDevices: _, folder, complaints }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await runScriptOnAll(page, oneIsFirst(folder))
    const groups = page.getByRole('list', { name: 'Groups of this run' })
    const largest = groups.getByRole('button', { name: /^2 devices succeeded exit code 0 largest group/ })
    const smallest = groups.getByRole('button', { name: /^1 device succeeded exit code 0/ })
    const all = groups.getByRole('button', { name: 'All 3 devices' })
    const devices = page.getByRole('list', { name: 'Devices of this run' })
    const output = page.getByRole('log', { name: 'Output lines' })

    await expect(largest).toContainText('begun')
    await expect(smallest).toContainText('first')
    await expect(groups.getByRole('button')).toHaveCount(3)
    await expect(all).toHaveAttribute('aria-pressed', 'true')
    await expect(devices.getByRole('listitem')).toHaveCount(3)

    await largest.click()
    await expect(devices.getByRole('listitem')).toHaveCount(2)
    await expect(output).toContainText('other')
    await expect(page.getByRole('button', { name: /^Differences/ })).toHaveCount(0)

    await smallest.focus()
    await page.keyboard.press('Enter')
    await expect(smallest).toHaveAttribute('aria-pressed', 'true')
    await expect(largest).toHaveAttribute('aria-pressed', 'false')
    await expect(devices.getByRole('listitem')).toHaveCount(1)
    await expect(output).toContainText('first')
    await expect(page).toHaveURL(/group=succeeded/)

    await page.getByRole('button', { name: 'Differences from the largest group' }).click()
    const diff = page.getByRole('region', { name: 'Differences in 1. Script, stdout' })
    await expect(diff.locator('[data-mark="-"]')).toHaveText(/^- only on web-\d: other\n$/)
    await expect(diff.locator('[data-mark="+"]')).toHaveText(/^\+ only on web-\d: first\n$/)
    await expect(diff).toContainText('begun')
    await expect(page.getByText('How it ended')).toHaveCount(0)
    await isGood(page)

    await page.reload()
    await expect(smallest).toHaveAttribute('aria-pressed', 'true')
    await expect(devices.getByRole('listitem')).toHaveCount(1)
    await page.goBack()
    await expect(largest).toHaveAttribute('aria-pressed', 'true')
    await expect(devices.getByRole('listitem')).toHaveCount(2)
    await devices.getByRole('button').last().click()
    await expect(page).toHaveURL(/execution=exe_.*group=|group=.*execution=exe_/)
    await largest.click()
    await expect(all).toHaveAttribute('aria-pressed', 'true')
    await expect(devices.getByRole('listitem')).toHaveCount(3)
    expect(complaints).toEqual([])
  })
}

test('a failure on one device differs in how it ended too', async ({ page, serverWithDevices: _, folder }) => {
  await runScriptOnAll(page, `mkdir ${folder}/first 2>/dev/null || exit 0\necho no space >&2\nexit 3\n`)
  const groups = page.getByRole('list', { name: 'Groups of this run' })
  await expect(groups.getByRole('button', { name: /^2 devices succeeded/ })).toContainText('It printed nothing.')
  await groups.getByRole('button', { name: /^1 device failed exit code 3 no space/ }).click()
  await page.getByRole('button', { name: 'Differences from the largest group' }).click()
  const end = page.getByRole('region', { name: 'Differences in How it ended' })
  await expect(end.locator('[data-mark="-"]').last()).toContainText('succeeded, exit code 0')
  await expect(end.locator('[data-mark="+"]').last()).toContainText('failed, exit code 3')
  const errors = page.getByRole('region', { name: 'Differences in 1. Script, stderr' })
  await expect(errors.locator('[data-mark="+"]')).toContainText('no space')
})

test('groups come and go while a run goes on, and one line is enough where all are alike', async ({ page, serverWithDevices: _, folder }) => {
  await runScriptOnAll(page, `echo hello\nwhile [ ! -e ${folder}/on ]; do sleep 0.05; done\n`)
  await expect(page.getByText('All 3 devices have the same state, running, and nothing to compare yet.')).toBeVisible()
  writeFileSync(join(folder, 'on'), '')
  await expect(page.getByText('All 3 devices ended alike.')).toBeVisible()
  await expect(page.getByRole('list', { name: 'Groups of this run' })).toHaveCount(0)
  await expect(page.getByRole('list', { name: 'Devices of this run' }).getByRole('listitem')).toHaveCount(3)
  await isGood(page)
})

test('a group that all its devices have left says so and leads back', async ({ page, serverWithDevices: _, folder }) => {
  await runScriptOnAll(page, `mkdir ${folder}/first 2>/dev/null && exit 0\nwhile [ ! -e ${folder}/on ]; do sleep 0.05; done\n`)
  const groups = page.getByRole('list', { name: 'Groups of this run' })
  await groups.getByRole('button', { name: /^2 devices running Not over yet/ }).click()
  await expect(page.getByRole('list', { name: 'Devices of this run' }).getByRole('listitem')).toHaveCount(2)
  writeFileSync(join(folder, 'on'), '')
  await expect(page.getByText('No device is in this group any more.')).toBeVisible()
  await groups.getByRole('button', { name: 'All 3 devices' }).click()
  await expect(page.getByText('All 3 devices ended alike.')).toBeVisible()
  await expect(page.getByRole('list', { name: 'Devices of this run' }).getByRole('listitem')).toHaveCount(3)
})

test('many groups are read page by page', async ({ page, serverWithDevices: _, folder }) => {
  // A server with more groups than a page has would need as many devices.
  await page.route('**/api/v1/runs/*/groups?*', async (route) => {
    const answer = await (await route.fetch()).json()
    const second = new URL(route.request().url()).searchParams.has('cursor')
    const items = second ? answer.items.slice(1) : answer.items.slice(0, 1)
    await route.fulfill({ json: { items, next: second ? null : 'MA' } })
  })
  await runScriptOnAll(page, oneIsFirst(folder))
  const groups = page.getByRole('list', { name: 'Groups of this run' })
  await expect(groups.getByRole('button', { name: /^2 devices/ })).toBeVisible()
  await expect(groups.getByRole('button', { name: /^1 device/ })).toHaveCount(0)
  await page.getByRole('button', { name: 'Load more groups' }).click()
  await expect(groups.getByRole('button', { name: /^1 device/ })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Load more groups' })).toHaveCount(0)
  // What is being read is read to its end while there is a server.
  await page.unrouteAll({ behavior: 'wait' })
})

test('groups that cannot be read say so, and the devices are there all the same', async ({ page, serverWithDevices: _, folder }) => {
  // Without events nothing is read again by itself, and the button is all there is.
  await page.route('**/api/v1/events*', (route) => route.abort())
  await page.reload()
  await expect(page.getByRole('heading', { name: 'Devices', level: 1 })).toBeVisible()
  let isBroken = true
  await page.route('**/api/v1/runs/*/groups?*', (route) =>
    isBroken ? route.fulfill({ status: 403, json: { code: 'forbidden', detail: 'You may not read this.' } }) : route.continue(),
  )
  await runScriptOnAll(page, oneIsFirst(folder))
  const section = page.getByRole('region', { name: 'Groups' })
  await expect(section.getByRole('alert')).toContainText('You may not read this.')
  await expect(page.getByRole('list', { name: 'Devices of this run' }).getByRole('listitem')).toHaveCount(3)
  isBroken = false
  await section.getByRole('button', { name: 'Try again' }).click()
  await expect(section.getByRole('list')).toBeVisible()
})

async function isGood(page: Page) {
  const found = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
  expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`)).toEqual([])
  const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  expect(tooWide, 'scrolls sideways').toBeLessThanOrEqual(0)
}
