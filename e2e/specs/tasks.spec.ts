import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, makeTask, test } from '../world/test.ts'

test('a task is made by the form, run, and its result is seen', async ({ page, serverWithDevice: _ }) => {
  await openTasks(page)
  await expect(page.getByText('No tasks yet')).toBeVisible()
  await page.getByRole('link', { name: 'New task' }).first().click()
  await expect(page.getByRole('heading', { name: 'New task', level: 1 })).toBeFocused()
  await page.getByLabel('Name', { exact: true }).fill('hello')
  await page.getByLabel('Description').fill('Says hello')

  await page.getByRole('button', { name: 'Script' }).click()
  const script = page.getByRole('group', { name: '1. Script' })
  await expect(script.getByLabel('Script', { exact: true })).toBeFocused()
  await script.getByLabel('Script', { exact: true }).fill('echo "$GREETING from a script"\n')
  await script.getByRole('button', { name: 'More' }).click()
  await script.getByRole('button', { name: 'Add a variable' }).click()
  await expect(script.getByLabel('Name of variable 1')).toBeFocused()
  await script.getByLabel('Name of variable 1').fill('GREETING')
  await script.getByLabel('Value of variable 1').fill('Good day')

  await page.getByRole('button', { name: 'Command' }).click()
  await expect(page.getByLabel('Program')).toBeFocused()
  await page.getByLabel('Program').fill('printf')
  await page.getByLabel('Arguments').fill('<%s>\ntwo words')
  await page.getByRole('button', { name: 'Move action 2 up' }).click()
  await expect(page.getByRole('group', { name: '1. Command' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Move action 1 down' })).toBeFocused()

  await page.getByRole('button', { name: 'Create the task' }).click()
  await expect(page.getByRole('heading', { name: 'hello', level: 1 })).toBeVisible()
  await page.getByRole('button', { name: 'Run on devices…' }).click()
  await page.getByRole('dialog').getByLabel('web-1').check()
  await page.getByRole('dialog').getByRole('button', { name: 'Run on 1 device' }).click()
  await expect(page.getByText('exit code 0')).toHaveCount(2)
  await expect(page.getByRole('main')).toContainText('<two words>')
  await expect(page.getByRole('main')).toContainText('Good day from a script')
})

test('a task is made by YAML, edited in both views, and removed', async ({ page, server: _ }) => {
  await newTask(page)
  await showAs(page, 'YAML')
  const yaml = page.getByLabel('Task as YAML')
  await yaml.fill('name: [hello\n')
  await page.getByRole('button', { name: 'Create the task' }).click()
  await expect(page.getByRole('alert')).toContainText('Line 2')
  await yaml.fill('# For everyone.\nname: hello\nactions:\n  - type: COMMAND\n    command: uname\n')
  await showAs(page, 'Form')
  await expect(page.getByLabel('Program')).toHaveValue('uname')
  await page.getByLabel('Arguments').fill('-s\n-r')
  await showAs(page, 'YAML')
  await expect(yaml).toHaveValue(/^# For everyone\.\n(.|\n)*- -s\n +- -r\n$/)
  await page.getByRole('button', { name: 'Create the task' }).click()
  await expect(page.getByText('uname -s -r')).toBeVisible()

  await page.getByRole('link', { name: 'Edit' }).click()
  await expect(page.getByRole('heading', { name: 'Edit hello' })).toBeVisible()
  await page.getByLabel('Name', { exact: true }).fill('system')
  await page.getByRole('button', { name: 'Read a file' }).click()
  await page.getByRole('textbox', { name: 'File' }).fill('/etc/hostname')
  await page.getByRole('button', { name: 'Remove action 1' }).click()
  await expect(page.getByRole('heading', { name: '1. Read a file' })).toBeFocused()
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('heading', { name: 'system', level: 1 })).toBeVisible()
  await expect(page.getByText('/etc/hostname')).toBeVisible()
  await expect(page.getByText('uname -s -r')).toBeHidden()

  await page.getByRole('button', { name: 'Remove this task' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove system' }).click()
  await expect(page.getByText('No tasks yet')).toBeVisible()
})

test('what the server finds wrong is shown at its field', async ({ page, server: _ }) => {
  await newTask(page)
  await page.getByRole('button', { name: 'Create the task' }).click()
  await expect(page.getByLabel('Name', { exact: true })).toHaveAccessibleDescription(/give it a name/)
  await expect(page.getByLabel('Name', { exact: true })).toBeFocused()
  await expect(page.getByRole('alert')).toContainText('name at least one action')

  await page.getByLabel('Name', { exact: true }).fill('hello')
  await page.getByRole('button', { name: 'Command' }).click()
  await page.getByLabel('Program').fill('id')
  await page.getByRole('button', { name: 'Web request' }).click()
  const request = page.getByRole('group', { name: '2. Web request' })
  await request.getByLabel('Address').fill('ftp://example.org')
  await request.getByRole('button', { name: 'Add a header' }).click()
  await request.getByLabel('Name of header 1').fill('Content-Length')
  await page.getByRole('button', { name: 'Create the task' }).click()
  await expect(request.getByLabel('Address')).toHaveAccessibleDescription(/only http/)
  await expect(request.getByLabel('Name of header 1')).toHaveAccessibleDescription(/cannot be set/)

  await request.getByRole('button', { name: 'Move action 2 up' }).click()
  const moved = page.getByRole('group', { name: '1. Web request' })
  await moved.getByLabel('Address').fill('http://example.org')
  await expect(moved.getByLabel('Address')).toHaveAccessibleDescription('')
  await expect(moved.getByLabel('Name of header 1')).toHaveAccessibleDescription(/cannot be set/)

  await showAs(page, 'YAML')
  await page.getByRole('button', { name: 'Create the task' }).click()
  await expect(page.getByRole('alert')).toContainText(/Line \d+: \/actions\/0\/headers\/0: .*cannot be set/)
  await showAs(page, 'Form')
  await expect(page.getByLabel('Name of header 1')).toBeFocused()
})

test('what the form cannot show stays in the YAML, and leaving is asked about', async ({ page, server: _ }) => {
  await newTask(page)
  await showAs(page, 'YAML')
  const yaml = page.getByLabel('Task as YAML')
  await yaml.fill('name: hello\nshell: bash\n')
  await showAs(page, 'Form')
  await expect(page.getByRole('alert')).toContainText('The form cannot show this task (/shell')
  await expect(yaml).toHaveValue('name: hello\nshell: bash\n')

  await page.getByRole('link', { name: 'Cancel' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Stay here' }).click()
  await expect(yaml).toHaveValue('name: hello\nshell: bash\n')
  await page.getByRole('link', { name: 'Cancel' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click()
  await expect(page.getByRole('heading', { name: 'Tasks', level: 1 })).toBeVisible()
})

test('two people change one task, and the second is told', async ({ page, context, server }) => {
  await makeTask(server, 'hello', 'uname')
  await page.goto(`${server.url}/tasks/hello/edit`)
  await page.getByLabel('Description').fill('mine')

  const other = await context.newPage()
  await other.goto(`${server.url}/tasks/hello/edit`)
  await other.getByLabel('Description').fill('theirs')
  await other.getByRole('button', { name: 'Save' }).click()
  await expect(other.getByText('theirs')).toBeVisible()
  await other.close()

  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('alert')).toContainText('Someone else has changed this task')
  await expect(page.getByLabel('Description')).toHaveValue('mine')
  await page.getByRole('button', { name: 'Load the newest' }).click()
  await expect(page.getByLabel('Description')).toHaveValue('theirs')
  await expect(page.getByRole('alert')).toBeHidden()
  await page.getByLabel('Description').fill('both')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('both')).toBeVisible()
})

async function openTasks(page: Page) {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Tasks' }).click()
  await expect(page.getByRole('heading', { name: 'Tasks', level: 1 })).toBeVisible()
}

async function newTask(page: Page) {
  await openTasks(page)
  await page.getByRole('link', { name: 'New task' }).first().click()
  await expect(page.getByRole('heading', { name: 'New task', level: 1 })).toBeVisible()
}

async function showAs(page: Page, view: 'Form' | 'YAML') {
  await page.getByRole('radiogroup', { name: 'View' }).getByText(view, { exact: true }).click()
}

test('every version of a task is there, with what it changed', async ({ page, server: _ }) => {
  await newTask(page)
  await showAs(page, 'YAML')
  await page.getByLabel('Task as YAML').fill('name: hello\nactions:\n  - type: COMMAND\n    command: uname\n')
  await page.getByRole('button', { name: 'Create the task' }).click()
  await page.getByRole('link', { name: 'Edit' }).click()
  await page.getByLabel('Program').fill('hostname')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('link', { name: 'what each version changed' }).click()
  await expect(page.getByRole('heading', { name: 'Versions of hello' })).toBeFocused()
  const second = page.getByRole('region', { name: 'What version 2 changed' })
  await expect(second.locator('[data-mark="-"]')).toHaveText(/went: .*command: uname/)
  await expect(second.locator('[data-mark="+"]')).toHaveText(/came: .*command: hostname/)
  await expect(page.getByRole('region', { name: 'What version 1 changed' }).locator('[data-mark="-"]')).toHaveCount(0)
  expect((await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()).violations).toEqual([])
})
