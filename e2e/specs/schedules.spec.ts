import type { Locator, Page } from '@playwright/test'
import { isGood } from '../world/good.ts'
import { expect, goTo, makeDeviceGroup, makeGroup, makeSchedule, makeTask, makeUser, pageOf, test } from '../world/test.ts'

const slots = (page: Page) => page.getByRole('list', { name: 'Slots' }).getByRole('listitem')
const preview = (page: Page) => page.getByRole('complementary', { name: 'What it would do' })
const field = (page: Page, name: string) => page.getByRole('textbox', { name, exact: true })

test('a schedule is written beside what it would do, fires on its device, and its page tells so as it happens', async ({
  page,
  serverWithDevice: server,
  complaints,
}) => {
  test.slow()
  await makeTask(server, 'hello', 'uname')
  await goTo(page, 'Schedules')
  await expect(page.getByText('No schedules yet')).toBeVisible()
  await page.getByRole('link', { name: 'New schedule' }).first().click()

  await field(page, 'Name').fill('often')
  await choose(page.getByRole('combobox', { name: 'Task' }), 'hello')
  await page.getByRole('group', { name: 'Devices' }).getByLabel('web-1').check()
  await choose(page.getByRole('combobox', { name: 'It fires' }), 'Every so often')
  await field(page, 'Every').fill('1')
  await choose(page.getByRole('combobox', { name: 'Unit' }), 'seconds')
  await expect(preview(page).getByRole('status').first()).toContainText(/every/i)
  await expect(preview(page).getByText('It fires 3600 times in the next hour')).toBeVisible()
  await expect(preview(page).getByRole('region', { name: 'Next firings' }).getByRole('listitem').first()).toContainText(/now|in \d s/)
  await expect(preview(page).getByText('On 1 device')).toBeVisible()
  await page.getByRole('button', { name: 'Create the schedule' }).click()

  await expect(page.getByRole('heading', { name: 'often', level: 1 })).toBeVisible()
  await expect(slots(page).nth(2)).toBeVisible()
  const first = slots(page).filter({ hasText: 'succeeded' }).first()
  await expect(first).toContainText('fired')
  await expect(first).toContainText('web-1')
  await expect(page.getByRole('img', { name: /\d+ fired, \d+ to come/ })).toBeVisible()
  await expect(page.getByRole('list', { name: 'Devices' }).getByRole('listitem')).toContainText('holds revision 1')

  await first.getByRole('link', { name: 'Run' }).click()
  await expect(page.getByRole('heading', { name: 'hello', level: 1 })).toBeVisible()
  await expect(page.getByText('for its slot of')).toBeVisible()
  await page.getByRole('main').getByRole('link', { name: 'often' }).click()

  await page.getByRole('button', { name: 'Pause…' }).click()
  await page.getByRole('dialog').getByLabel('Why?').fill('The disks are being changed')
  await page.getByRole('dialog').getByRole('button', { name: 'Pause it' }).click()
  await expect(page.getByText('The disks are being changed')).toBeVisible()
  await expect(page.getByText('No device keeps it while it is paused.')).toBeVisible()
  await goTo(page, 'Schedules')
  await expect(page.getByRole('listitem').filter({ hasText: 'often' })).toContainText('paused')
  await page.getByRole('link', { name: 'often' }).click()
  await page.getByRole('button', { name: 'Resume' }).click()
  await expect(page.getByRole('list', { name: 'Devices' }).getByRole('listitem')).toContainText('holds revision 2')

  expect(complaints).toEqual([])
  await page.getByRole('button', { name: 'Remove this schedule' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove often' }).click()
  await expect(page.getByText('No schedules yet')).toBeVisible()
})

test('a preview tells what a change of the clocks does, in the list and on the calendar', async ({ page, serverWithDevice: server }) => {
  await page.goto(`${server.url}/schedules/new`)
  await page.getByRole('group', { name: 'Devices' }).getByLabel('web-1').check()
  await choose(page.getByRole('combobox', { name: 'It fires' }), 'Cron expression')
  await field(page, 'Expression').fill('30 2 * * *')
  await find(page.getByRole('combobox', { name: 'Time zone' }), 'Berl', 'Europe/Berlin')
  await page.getByRole('button', { name: 'More choices' }).click()
  await page.getByLabel('Not before').fill('2027-03-27T00:00')
  const firings = preview(page).getByRole('region', { name: 'Next firings' }).getByRole('listitem')
  await expect(firings.first()).toContainText('02:30')
  await expect(firings.first()).toContainText('01:30 UTC your time')
  await expect(firings.nth(1)).toContainText('02:30 does not exist that day: fires 03:00')
  await expect(firings.nth(2)).toContainText('02:30')
  const calendar = preview(page).getByRole('table', { name: /March 2027/ })
  await expect(calendar.getByRole('cell', { name: /^28/ })).toContainText('02:30 does not exist that day')
  await isGood(page)
  for (let month = 0; month < 7; month++) await preview(page).getByRole('button', { name: 'Month after' }).click()
  const october = preview(page).getByRole('table', { name: /October 2027/ })
  await expect(october.getByRole('cell', { name: /^31/ })).toContainText('02:30 comes twice that day')
})

test('what is wrong is told at its field while one types, and again when it is saved', async ({ page, serverWithDevice: server }) => {
  await makeTask(server, 'hello', 'uname')
  await page.goto(`${server.url}/schedules/new?task=hello`)
  await page.getByRole('group', { name: 'Devices' }).getByLabel('web-1').check()
  await choose(page.getByRole('combobox', { name: 'It fires' }), 'Cron expression')
  const cron = field(page, 'Expression')
  // What was chosen before is where one goes on by hand.
  await expect(cron).toHaveValue('0 2 * * *')
  await cron.fill('77 * * * *')
  await expect(cron).toHaveAttribute('aria-invalid', 'true')
  await expect(preview(page).getByText('That cannot be reckoned with yet')).toBeVisible()
  await cron.fill('17 * * * *')
  await expect(cron).not.toHaveAttribute('aria-invalid', 'true')
  await expect(preview(page).getByRole('table')).toBeVisible()
  await page.getByRole('button', { name: 'Create the schedule' }).click()
  await expect(field(page, 'Name')).toBeFocused()
  await expect(field(page, 'Name')).toHaveAttribute('aria-invalid', 'true')
  await field(page, 'Name').fill('hourly')
  await page.getByRole('button', { name: 'Create the schedule' }).click()
  await expect(page.getByRole('heading', { name: 'hourly', level: 1 })).toBeVisible()
})

test('the YAML says the same as the form, and neither loses what the other holds', async ({ page, serverWithDevice: server }) => {
  await makeTask(server, 'hello', 'uname')
  const missed = { all: { max: 3, age: '2d' } }
  await makeSchedule(server, {
    name: 'nightly',
    task: 'hello',
    when: [{ cron: '30 2 * * *' }, { every: '6h' }],
    targets: { devices: ['web-1'] },
    missed,
    windows: [{ days: ['sat'], from: '01:00', until: '05:00' }],
  })
  await page.goto(`${server.url}/schedules/nightly/edit`)
  await expect(page.getByRole('group', { name: 'Rule 2' })).toBeVisible()
  const turn = (view: string) => page.getByRole('radiogroup', { name: 'View' }).getByText(view).click()
  await turn('YAML')
  const yaml = page.getByRole('textbox', { name: 'Schedule as YAML' })
  await expect(yaml).toHaveValue(/max: 3/)
  await expect(yaml).not.toHaveValue(/overlap/)
  await yaml.fill(`# mine\n${(await yaml.inputValue()).replace('every: 6h', 'every: 90m')}`)
  await turn('Form')
  await expect(field(page, 'Every')).toHaveValue('90')
  await expect(page.getByRole('combobox', { name: 'Unit' })).toHaveValue('minutes')
  await expect(page.getByRole('group', { name: 'Window 1' }).getByLabel('Sat')).toBeChecked()
  await field(page, 'At most').fill('5')
  await turn('YAML')
  await expect(yaml).toHaveValue(/^# mine\n[^]*every: 90m[^]*max: 5/)
  await yaml.fill('name: [')
  await turn('Form')
  await expect(page.getByText(/^Line 1: /)).toBeVisible()
  await yaml.fill('name: nightly\ntask: hello\nevery: 5m\ntargets: {devices: [web-1]}\n')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('what each version changed')).toBeVisible()
  await page.getByText('what each version changed').click()
  await expect(page.getByRole('region', { name: 'What version 2 changed' })).toContainText('came: every: 5m')
})

test('two who edit the same schedule are told so', async ({ page, serverWithDevice: server, context }) => {
  await makeTask(server, 'hello', 'uname')
  await makeSchedule(server, { name: 'nightly', task: 'hello', every: '6h', targets: { devices: ['web-1'] } })
  await page.goto(`${server.url}/schedules/nightly/edit`)
  await field(page, 'Description').fill('Mine')
  const other = await context.newPage()
  await other.goto(`${server.url}/schedules/nightly/edit`)
  await field(other, 'Description').fill('Theirs')
  await other.getByRole('button', { name: 'Save' }).click()
  await expect(other.getByText('Theirs')).toBeVisible()
  await expect(page.getByText('Someone else has changed this schedule meanwhile')).toBeVisible()
  await page.getByRole('button', { name: 'Keep mine' }).click()
  await expect(page.getByText('Someone else has changed this schedule meanwhile')).toBeHidden()
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Mine', { exact: true })).toBeVisible()
})

test('what runs on several devices is asked about with their number, and shows with its task and its devices', async ({
  page,
  serverWithDevices: server,
}) => {
  await makeTask(server, 'hello', 'uname')
  await makeDeviceGroup(server, 'production', ['web-1', 'web-2'])
  await page.goto(`${server.url}/tasks/hello`)
  await page.getByRole('link', { name: 'Schedule it' }).click()
  await expect(page.getByRole('combobox', { name: 'Task' })).toHaveValue('hello')
  await field(page, 'Name').fill('nightly')
  await find(page.getByRole('combobox', { name: 'Device groups' }), 'prod', 'production (2 devices)')
  await page.keyboard.press('Escape')
  await expect(preview(page).getByText('On 2 devices')).toBeVisible()
  await page.getByRole('button', { name: 'Create the schedule' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText('web-1 and web-2')
  await isGood(page)
  await dialog.getByRole('button', { name: 'Save on 2 devices' }).click()
  await expect(page.getByRole('list', { name: 'Devices' }).getByRole('listitem')).toHaveCount(2)

  await page.getByRole('link', { name: 'hello' }).click()
  await expect(page.getByRole('list', { name: 'Schedules' })).toContainText('nightly')
  await page.goto(`${server.url}/devices/web-2`)
  await expect(page.getByRole('list', { name: 'Schedules' })).toContainText('nightly')
  await page.goto(`${server.url}/devices/web-3`)
  await expect(page.getByText('It keeps no schedule.')).toBeVisible()
  await page.goto(`${server.url}/schedules?task=hello`)
  await field(page, 'Search the schedules').fill('weekly')
  await expect(page.getByText('No schedule matches.')).toBeVisible()
  await field(page, 'Search the schedules').fill('hello nigh')
  await expect(page.getByRole('link', { name: 'nightly' })).toBeVisible()
})

test('slots that did not fire stand together with their number and reason, and can be looked for', async ({
  page,
  serverWithDevice: server,
}) => {
  await makeTask(server, 'hello', 'uname')
  const soon = new Date(Date.now() + 6 * 3_600_000).toISOString().slice(11, 13)
  const later = new Date(Date.now() + 7 * 3_600_000).toISOString().slice(11, 13)
  const windows = [{ from: `${soon}:00`, until: `${later}:00` }]
  await makeSchedule(server, { name: 'closed', task: 'hello', every: '1s', targets: { devices: ['web-1'] }, windows })
  await page.goto(`${server.url}/schedules/closed`)
  await expect(slots(page).first()).toContainText('skipped')
  await expect(page.getByRole('img', { name: /\d+ skipped/ })).toBeVisible()
  await choose(page.getByRole('combobox', { name: 'Show slots that were' }), 'fired', true)
  await expect(page.getByText('No slot is like that.')).toBeVisible()
  await expect(page).toHaveURL(/state=fired/)
  await choose(page.getByRole('combobox', { name: 'Show slots that were' }), 'skipped', true)
  await expect(slots(page).first()).toContainText('skipped')
})

test('who may only look sees a schedule and what became of it, and why nothing can be changed', async ({
  page,
  browser,
  serverWithDevice: server,
}) => {
  await makeTask(server, 'hello', 'uname')
  await makeSchedule(server, { name: 'nightly', task: 'hello', every: '6h', targets: { devices: ['web-1'] } })
  await makeGroup(server, 'Guests', 'read-only')
  await makeUser(server, { username: 'bob', groups: ['Guests'] })
  const bob = await pageOf(browser, page, server, 'bob')
  await goTo(bob, 'Schedules')
  await bob.getByRole('link', { name: 'nightly' }).click()
  await expect(bob.getByRole('button', { name: 'Edit' })).toBeDisabled()
  await expect(bob.getByRole('button', { name: 'Pause…' })).toBeDisabled()
  await bob.getByRole('button', { name: 'Why? You may not make and change schedules' }).first().click()
  await expect(bob.getByRole('dialog')).toContainText('admin')
  await bob.keyboard.press('Escape')
  await bob.goto(`${server.url}/schedules/new`)
  await expect(bob.getByText('You may not see this')).toBeVisible()
})

async function choose(select: Locator, option: string, exact = false) {
  await select.click()
  await select.page().getByRole('option', { name: option, exact }).click()
}

/** The same in a list that is long enough to be searched. */
async function find(select: Locator, text: string, option: string) {
  await select.click()
  await select.fill(text)
  await select.page().getByRole('option', { name: option }).click()
}
