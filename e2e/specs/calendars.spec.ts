import type { Page } from '@playwright/test'
import { isGood } from '../world/good.ts'
import { expect, goTo, makeCalendar, makeGroup, makeSchedule, makeTask, makeUser, pageOf, test } from '../world/test.ts'

const field = (page: Page, name: string) => page.getByRole('textbox', { name, exact: true })
const events = (page: Page) => page.getByRole('list', { name: 'Events' }).getByRole('listitem')
const told = (page: Page) => page.getByRole('complementary', { name: 'What it says' })
const preview = (page: Page) => page.getByRole('complementary', { name: 'What it would do' })

const day = (inDays: number) => new Date(Date.now() + inDays * 86_400_000).toISOString().slice(0, 10)

const freeze = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//test//EN
BEGIN:VEVENT
UID:1@example.org
DTSTART;VALUE=DATE:${day(10).replaceAll('-', '')}
DTEND;VALUE=DATE:${day(13).replaceAll('-', '')}
SUMMARY:Release freeze
END:VEVENT
END:VCALENDAR
`

test('a calendar is written as a list of days beside what it says, and a wrong line is told at its place', async ({
  page,
  server: _,
  complaints,
}) => {
  await goTo(page, 'Schedules')
  await page.getByRole('link', { name: 'Calendars' }).click()
  await expect(page.getByText('No calendars yet')).toBeVisible()
  await page.getByRole('link', { name: 'New calendar' }).first().click()
  await field(page, 'Name').fill('holidays')
  await field(page, 'Description').fill('When the shops are closed')
  const content = field(page, 'Events')
  expect(complaints).toEqual([])
  await content.fill(`${day(5)} Company day\nsome day\n${day(40)} Founders’ day\n`)
  const wrong = page.getByRole('button', { name: /^line 2/i })
  await expect(wrong).toBeVisible()
  await expect(content).toHaveAttribute('aria-invalid', 'true')
  await expect(told(page).getByText('It cannot be read yet')).toBeVisible()
  await isGood(page)
  await wrong.click()
  await expect(content).toBeFocused()
  expect(await content.evaluate((area: HTMLTextAreaElement) => area.value.slice(area.selectionStart, area.selectionEnd))).toBe('some day')
  await page.keyboard.type(`${day(6)} Day after`)
  await expect(told(page).getByText('3 events')).toBeVisible()
  await expect(events(page)).toHaveText([/Company day/, /Day after/, /Founders’ day/])

  await page.getByRole('button', { name: 'Create the calendar' }).click()
  await expect(page.getByRole('heading', { name: 'holidays', level: 1 })).toBeVisible()
  await expect(events(page)).toHaveCount(3)
  await expect(page.getByText('No schedule names it. One that does')).toBeVisible()
  await page.getByRole('button', { name: 'How is it written?' }).click()
  await expect(page.getByRole('region', { name: 'Content of this calendar' })).toContainText(`${day(6)} Day after`)
  await page.getByRole('link', { name: 'Calendars' }).click()
  const row = page.getByRole('list', { name: 'Calendars' }).getByRole('listitem')
  await expect(row).toContainText('Next Company day')
  await expect(row).toContainText('3 events · no schedule names it')
  expect(complaints.filter((text) => !text.includes('422'))).toEqual([])
})

test('a calendar comes from an .ics file, which names it, and a name that is taken is told at its field', async ({ page, server }) => {
  await makeCalendar(server, 'Company-freeze', `${day(3)} Another\n`)
  await page.goto(`${server.url}/calendars/new`)
  const chosen = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Choose a file' }).click()
  await (await chosen).setFiles({ name: 'Company freeze.ics', mimeType: 'text/calendar', buffer: Buffer.from(freeze) })
  await expect(field(page, 'Name')).toHaveValue('Company-freeze')
  await expect(field(page, 'Events')).toHaveValue(freeze)
  await expect(events(page)).toHaveText([/Release freeze.* to /])
  await page.getByRole('button', { name: 'Create the calendar' }).click()
  await expect(page.getByText('Another calendar is called Company-freeze.')).toBeVisible()
  await expect(field(page, 'Name')).toBeFocused()
  await field(page, 'Name').fill('freeze')
  await page.getByRole('button', { name: 'Create the calendar' }).click()
  await expect(page.getByRole('heading', { name: 'freeze', level: 1 })).toBeVisible()
})

test('two who edit the same calendar are told so, and leaving is asked about', async ({ page, server, context }) => {
  await makeCalendar(server, 'holidays', `${day(5)} Company day\n`)
  await page.goto(`${server.url}/calendars/holidays`)
  await page.getByRole('link', { name: 'Edit' }).click()
  await field(page, 'Events').fill(`${day(5)} Mine\n`)
  await page.getByRole('link', { name: 'Cancel' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Stay here' }).click()
  const other = await context.newPage()
  await other.goto(`${server.url}/calendars/holidays/edit`)
  await field(other, 'Events').fill(`${day(5)} Theirs\n`)
  await other.getByRole('button', { name: 'Save' }).click()
  await expect(events(other)).toHaveText([/Theirs/])
  await expect(page.getByText('Someone else has changed this calendar meanwhile')).toBeVisible()
  await page.getByRole('button', { name: 'Keep mine' }).click()
  await expect(page.getByText('Someone else has changed this calendar meanwhile')).toBeHidden()
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(events(page)).toHaveText([/Mine/])
  await expect(events(other)).toHaveText([/Mine/])
})

test('a schedule names a calendar, sees what it blocks, and keeps the calendar from being removed', async ({
  page,
  serverWithDevice: server,
}) => {
  // A long way, with all that the editor shows looked at in full.
  test.slow()
  await makeTask(server, 'hello', 'uname')
  await makeCalendar(server, 'freeze', freeze)
  await makeCalendar(server, 'holidays', `${day(1)} Company day\n${day(2)} Day after\n`)
  await page.goto(`${server.url}/schedules/new?task=hello`)
  await field(page, 'Name').fill('nightly')
  await page.getByRole('group', { name: 'Devices' }).getByLabel('web-1').check()
  await page.getByRole('button', { name: 'More choices' }).click()
  const calendars = page.getByRole('combobox', { name: 'Calendars' })
  await calendars.click()
  await calendars.fill('holi')
  await page.getByRole('option', { name: 'holidays' }).click()
  await page.keyboard.press('Escape')
  const firings = preview(page).getByRole('region', { name: 'Next firings' }).getByRole('listitem')
  await expect(firings.filter({ hasText: 'skipped: Company day (calendar holidays)' })).toHaveCount(1)
  await expect(firings.filter({ hasText: 'skipped: Day after (calendar holidays)' })).toHaveCount(1)
  await expect(preview(page).getByText('Blocked then: it does not fire.')).toBeVisible()
  await page.getByRole('combobox', { name: 'If a slot is blocked' }).click()
  await page.getByRole('option', { name: 'Let it wait' }).click()
  await expect(firings.filter({ hasText: 'waits: Company day (calendar holidays)' })).toHaveCount(1)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await isGood(page)
  }
  await page.getByRole('button', { name: 'Create the schedule' }).click()
  await expect(page.getByRole('heading', { name: 'nightly', level: 1 })).toBeVisible()
  await expect(page.getByText('A slot during an event waits for its end')).toBeVisible()
  await page.getByRole('main').getByRole('link', { name: 'holidays', exact: true }).click()

  await expect(page.getByRole('heading', { name: 'holidays', level: 1 })).toBeVisible()
  await expect(page.getByRole('list', { name: 'Schedules' })).toContainText('nightly')
  await page.getByRole('button', { name: 'Remove this calendar' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Remove holidays' }).click()
  await expect(dialog.getByRole('alert')).toContainText('The schedule nightly names it. Take it out there first.')
  await isGood(page)
  await dialog.getByRole('button', { name: 'Keep it' }).click()

  await page.goto(`${server.url}/schedules`)
  await page.getByRole('combobox', { name: 'Show schedules with the calendar' }).click()
  await page.getByRole('option', { name: 'freeze' }).click()
  await expect(page.getByText('No schedule names freeze')).toBeVisible()
  await page.getByRole('combobox', { name: 'Show schedules with the calendar' }).click()
  await page.getByRole('option', { name: 'holidays' }).click()
  await expect(page.getByRole('link', { name: 'nightly' })).toBeVisible()

  await page.goto(`${server.url}/calendars/freeze`)
  await page.getByRole('button', { name: 'Remove this calendar' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove freeze' }).click()
  await expect(page.getByRole('heading', { name: 'Calendars', level: 1 })).toBeVisible()
  const rows = page.getByRole('list', { name: 'Calendars' }).getByRole('listitem')
  await expect(rows).toHaveCount(1)
  await expect(rows).toContainText('named by 1 schedule')
})

test('a schedule cannot name a calendar that is not there, which is told at its field', async ({ page, serverWithDevice: server }) => {
  await makeTask(server, 'hello', 'uname')
  await page.goto(`${server.url}/schedules/new?task=hello`)
  const turn = (view: string) => page.getByRole('radiogroup', { name: 'View' }).getByText(view).click()
  await turn('YAML')
  await page
    .getByRole('textbox', { name: 'Schedule as YAML' })
    .fill('name: nightly\ntask: hello\ncron: "0 2 * * *"\ntargets: {devices: [web-1]}\ncalendars: [gone]\n')
  await turn('Form')
  await expect(page.getByRole('main').getByText('there is no calendar').first()).toBeVisible()
  await expect(page.getByRole('combobox', { name: 'Calendars' })).toHaveAttribute('aria-invalid', 'true')
})

test('who may only look sees a calendar and its events, and why nothing can be changed', async ({
  page,
  browser,
  serverWithDevice: server,
}) => {
  await makeCalendar(server, 'holidays', `${day(5)} Company day\n`)
  await makeGroup(server, 'Guests', 'read-only')
  await makeUser(server, { username: 'bob', groups: ['Guests'] })
  const bob = await pageOf(browser, page, server, 'bob')
  await goTo(bob, 'Schedules')
  await bob.getByRole('link', { name: 'Calendars' }).click()
  await expect(bob.getByRole('button', { name: 'New calendar' })).toBeDisabled()
  await bob.getByRole('link', { name: 'holidays' }).click()
  await expect(events(bob)).toHaveText([/Company day/])
  await expect(bob.getByRole('button', { name: 'Edit' })).toBeDisabled()
  await expect(bob.getByRole('button', { name: 'Remove this calendar' })).toBeDisabled()
  await bob.getByRole('button', { name: 'Why? You may not make and change calendars' }).first().click()
  await expect(bob.getByRole('dialog')).toContainText('admin')
  await bob.keyboard.press('Escape')
  await bob.goto(`${server.url}/calendars/new`)
  await expect(bob.getByText('You may not see this')).toBeVisible()
})

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the pages and dialogs of calendars are accessible and fit their width (${colorScheme})`, async ({ page, server, complaints }) => {
    // Many pages, and each is looked at in full.
    test.slow()
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.goto(`${server.url}/calendars`)
    await expect(page.getByText('No calendars yet')).toBeVisible()
    await isGood(page)
    await makeCalendar(server, 'freeze', freeze)
    const days = Array.from({ length: 14 }, (_, index) => `${day(index)} A day with a name that goes on for longer than a phone is wide`)
    await makeCalendar(server, 'holidays', days.join('\n'))
    for (const path of ['/calendars', '/calendars/holidays', '/calendars/freeze', '/calendars/new', '/calendars/holidays/edit']) {
      await page.goto(server.url + path)
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
      await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0)
      if (path.includes('holidays')) await expect(events(page).first()).toContainText('on now')
      await isGood(page)
    }
    await page.goto(`${server.url}/calendars/freeze`)
    await page.getByRole('button', { name: 'How is it written?' }).click()
    await isGood(page)
    await page.getByRole('button', { name: 'Remove this calendar' }).click()
    await expect(page.getByRole('dialog')).toBeVisible()
    await isGood(page)
    expect(complaints).toEqual([])
  })
}
