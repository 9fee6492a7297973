import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, runScript, test } from '../world/test.ts'

test('output arrives while a script runs, and then its success', async ({ page, serverWithDevice: _ }, info) => {
  // The script goes on when this file is there: what is seen before it was seen while the script ran.
  const goOn = join(tmpdir(), `taskey-e2e-${process.pid}-${info.testId}`)
  const wait = `while [ ! -e ${goOn} ]; do sleep 0.05; done`
  await runScript(page, `echo "first <b>line</b>"\necho trouble >&2\n${wait}\necho last line\n`)
  const output = page.getByRole('log', { name: 'Output lines' })
  await expect(output).toContainText('first <b>line</b>')
  await expect(output.locator('[data-stream=error]')).toContainText('trouble')
  await expect(page.getByRole('main').getByRole('button', { name: 'Cancel the run' })).toBeVisible()
  writeFileSync(goOn, '')
  await expect(output).toContainText('last line')
  rmSync(goOn)
  await expect(page.getByText('exit code 0')).toBeVisible()
  await expect(page.getByRole('status').getByText('succeeded').first()).toBeVisible()
  await expect(page.getByRole('main').getByRole('button', { name: 'Cancel the run' })).toBeHidden()
})

test('a long script is cancelled', async ({ page, serverWithDevice: _ }) => {
  await runScript(page, 'echo begun\nsleep 600\n')
  await expect(page.getByRole('log')).toContainText('begun')
  await page.getByRole('main').getByRole('button', { name: 'Cancel the run' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the run' }).click()
  await expect(page.getByRole('status').getByText('cancelled').first()).toBeVisible()
  await expect(page.getByRole('main').getByRole('button', { name: 'Cancel the run' })).toBeHidden()
})

test('a device refuses to run as root, and the reason is told in words', async ({ page, serverWithDevice: _ }) => {
  await runScript(page, 'id\n', 'root')
  await expect(page.getByRole('status').getByText('rejected').first()).toBeVisible()
  await expect(page.getByText(/does not let anything run as root|cannot run anything as root/i).first()).toBeVisible()
})

test('a failure shows in the list, and the list can be filtered', async ({ page, serverWithDevice: _ }) => {
  await runScript(page, 'exit 3\n')
  await expect(page.getByText('exit code 3', { exact: true })).toBeVisible()
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Runs' }).click()
  await expect(page.getByRole('list', { name: 'Runs' })).toContainText('failed')
  await page.getByRole('combobox', { name: 'Show runs in the state' }).click()
  await page.getByRole('option', { name: 'succeeded' }).click()
  await expect(page.getByText('No run is succeeded')).toBeVisible()
})

test('the dialog says what is missing before anything is sent', async ({ page, serverWithDevice: _ }) => {
  await page.getByRole('button', { name: 'Run a command' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Run', exact: true }).click()
  await expect(dialog.getByText('Name the program to start')).toBeVisible()
  await expect(dialog.getByText('Choose at least one device')).toBeVisible()
  await dialog.getByLabel('Program').fill('uname')
  await dialog.getByLabel('web-1').check()
  await expect(dialog.getByText('Run `uname` on web-1.')).toBeVisible()
})
