import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { isGood } from '../world/good.ts'
import { enrollAway, expect, makeDeviceGroup, makeScriptTask, test } from '../world/test.ts'

const stepMs = 2_000
const slots = (page: Page) => page.getByRole('list', { name: 'Slots' }).getByRole('listitem')
const field = (page: Page, name: string) => page.getByRole('textbox', { name, exact: true })

test('a schedule fires on its device while the server is down, and afterwards its page shows every slot of that time', async ({
  page,
  serverWithDevice: server,
}) => {
  // The device has to fire for a while, before and after.
  test.slow()
  await page.emulateMedia({ reducedMotion: 'reduce' })
  const beats = join(await server.openFolder(), 'beats')
  const beatCount = () => linesOf(beats).length
  await makeScriptTask(server, 'beat', `echo "$TASKEY_RUN_ID" >> ${beats}`)
  await page.goto(`${server.url}/schedules/new?task=beat`)
  await field(page, 'Name').fill('heartbeat')
  await page.getByRole('group', { name: 'Devices' }).getByLabel('web-1').check()
  await choose(page, 'It fires', 'Every so often')
  await field(page, 'Every').fill('2')
  await choose(page, 'Unit', 'seconds')
  // A slow machine is no reason to leave one out.
  await page.getByRole('button', { name: 'More choices' }).click()
  await choose(page, 'If the one before still runs', 'Run both')
  await page.getByRole('button', { name: 'Create the schedule' }).click()

  await expect(page.getByRole('heading', { name: 'heartbeat', level: 1 })).toBeVisible()
  await expect(slots(page).filter({ hasText: 'succeeded' }).nth(1)).toBeVisible()
  await expect(page.getByRole('img', { name: /\d+ fired, \d+ to come/ })).toBeVisible()

  await server.goDown()
  const lost = page.getByText('Connection lost. Reconnecting…')
  await expect(lost).toBeVisible()
  const downFrom = Date.now()
  const before = beatCount()
  await expect.poll(beatCount).toBeGreaterThan(before + 5)
  const downUntil = Date.now()
  await server.comeBack()
  await expect(lost).toBeHidden({ timeout: 40_000 })

  // What comes after the server is back is told as ever.
  const meanwhile = beatCount()
  await expect.poll(beatCount).toBeGreaterThan(meanwhile + 1)
  await page.getByRole('button', { name: 'Pause…' }).click()
  await page.getByRole('dialog').getByLabel('Why?').fill('It has been seen')
  await page.getByRole('dialog').getByRole('button', { name: 'Pause it' }).click()
  await expect(page.getByText('No device keeps it while it is paused.')).toBeVisible()

  const fired = () => firedOn(page)
  await expect(async () => {
    const all = await fired()
    expect(all.map((at) => (all[0] ?? 0) - at), 'none is missing').toEqual(all.map((_, index) => index * stepMs))
    expect(new Set(linesOf(beats)).size, 'each ran once, with a run of its own').toBe(all.length)
    expect(beatCount()).toBe(all.length)
    await expect(slots(page).filter({ hasText: 'succeeded' })).toHaveCount(all.length, { timeout: 1 })
  }).toPass({ timeout: 30_000 })
  await expect(slots(page).filter({ hasText: 'missed' })).toHaveCount(0)
  const whileDown = (await fired()).filter((at) => at > downFrom && at < downUntil)
  expect(whileDown.length).toBeGreaterThan(3)

  const at = new Date(whileDown[1] ?? 0).toISOString()
  const slot = slots(page).filter({ has: page.locator(`time[datetime="${at}"]`) })
  await slot.getByRole('button', { name: 'What happened?' }).click()
  await expect(slot.getByText(/^It fired on web-1, .*Its execution: succeeded\.$/)).toBeVisible()
  await expect(slot.getByRole('list', { name: 'What leads there' })).toContainText('a slot')
  await page.getByRole('button', { name: 'Why does it not fire?' }).click()
  await expect(page.getByText(/since it is paused: .*It has been seen/)).toBeVisible()
  await isGood(page)

  await slot.getByRole('link', { name: 'Run', exact: true }).click()
  await expect(page.getByText('for its slot of')).toBeVisible()
  await page.getByRole('button', { name: 'What happened?' }).click()
  const told = page.getByRole('list', { name: 'What happened' })
  await expect(told).toContainText('web-1')
  await isGood(page)
})

test('a run on a group is followed on its grid until the device that is there is done', async ({ page, serverWithDevice: server }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  const go = join(await server.openFolder(), 'go')
  execFileSync('mkfifo', ['-m', '666', go])
  await makeDeviceGroup(server, 'shop', ['web-1', ...(await enrollAway(server, 11))])
  await page.getByRole('button', { name: 'Run a command' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Script', { exact: true }).click()
  await dialog.getByLabel('Script', { exact: true }).last().fill(`echo begun; read -r word < ${go}; echo over`)
  await dialog.getByRole('combobox', { name: 'Device groups' }).click()
  await page.getByRole('option', { name: 'shop (12 devices)' }).click()
  await page.keyboard.press('Escape')
  await dialog.getByRole('button', { name: 'Run on 12 devices' }).click()

  const tile = (name: string) => page.getByRole('listbox', { name: 'Devices by state' }).getByRole('option', { name, exact: true })
  await expect(tile('web-1: running')).toBeVisible()
  await expect(tile('away-11: queued')).toBeVisible()
  await writeFile(go, 'go\n')
  await expect(tile('web-1: succeeded')).toBeVisible()
  await expect(page.getByRole('list', { name: 'Executions by state' }).getByRole('button', { name: '11 queued' })).toBeVisible()

  const onDevice = page.getByRole('region', { name: /^On the devices/ })
  await tile('web-1: succeeded').click()
  await onDevice.getByRole('button', { name: 'What happened?' }).click()
  await expect(onDevice.getByRole('list', { name: 'What happened' })).toContainText('web-1')
  await tile('away-3: queued').click()
  await onDevice.getByRole('button', { name: 'Why does it wait?' }).click()
  await expect(onDevice.getByText('It waits for away-3, which is offline.')).toBeVisible()
  await isGood(page)
})

/** The instants of the slots on the page that fired, newest first. */
async function firedOn(page: Page): Promise<number[]> {
  const more = page.getByRole('button', { name: 'Show more slots' })
  while (await more.isVisible()) await more.click()
  const times = slots(page).filter({ hasText: 'fired' }).locator('time')
  return times.evaluateAll((found) => [...new Set(found.map((time) => Date.parse(time.getAttribute('datetime') ?? '')))])
}

function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').filter(Boolean)
}

async function choose(page: Page, field: string, option: string) {
  await page.getByRole('combobox', { name: field }).click()
  await page.getByRole('option', { name: option, exact: true }).click()
}
