import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
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

test('output has its colours, and nothing else that a program can tell a terminal', async ({ page, serverWithDevice: _ }) => {
  await runScript(
    page,
    String.raw`printf '\033[31mred\033[0m plain\n'
printf '\033]0;owned title\007after the title\n'
printf 'kept\n\033[1A\033[2Kand not written over\n'
printf '\033]8;;javascript:alert(1)\033\\link\033]8;;\033\\ \033[8mnot hidden\033[0m\n'
printf '\033[1;32mgreen' >&2; printf ' and on\033[0m\n' >&2
`,
  )
  const output = page.getByRole('log', { name: 'Output lines' })
  await expect(output).toContainText('and not written over')
  await expect(page.getByText('exit code 0')).toBeVisible()
  await expect(output.getByText('red', { exact: true })).toHaveClass(/_red_/)
  await expect(output.getByText('plain')).not.toHaveClass(/_red_/)
  await expect(output.getByText('green and on', { exact: true })).toHaveClass(/_green_/)
  await expect(output).toContainText('kept')
  await expect(output).toContainText('after the title')
  await expect(output).toContainText('link not hidden')
  await expect(output.getByRole('link')).toHaveCount(0)
  await expect(page).toHaveTitle(/taskey$/)
  const text = await page.locator('html').textContent()
  expect(text).not.toContain('\u001b')
  expect(text).not.toMatch(/owned|javascript|␛/)
  expect(await violations(page)).toEqual([])
})

test('output is searched by the keyboard, also while more of it arrives', async ({ page, serverWithDevice: _, complaints }, info) => {
  const goOn = join(tmpdir(), `taskey-e2e-${process.pid}-${info.testId}`)
  await runScript(
    page,
    String.raw`echo 'the first Needle'
seq -f 'hay %g' 400
printf 'nee\033[31mdle\033[0m in colours\n'
seq -f 'hay %g' 400
while [ ! -e ${goOn} ]; do sleep 0.05; done
echo 'a needle that comes later'
`,
  )
  const viewer = page.getByRole('region', { name: 'Output' })
  const output = page.getByRole('log', { name: 'Output lines' })
  const field = viewer.getByLabel('Search the output')
  const current = output.locator('mark[aria-current]')
  await expect(output).toContainText('hay 400')
  await expect(viewer.getByLabel('Follow')).toBeChecked()

  await output.focus()
  await page.keyboard.press('/')
  await expect(field).toBeFocused()
  await field.fill('NEEDLE')
  await expect(viewer.getByText('1 of 2', { exact: true })).toBeVisible()
  await expect(current).toHaveText('Needle')
  await expect(current).toBeInViewport({ ratio: 1 })
  await expect(viewer.getByLabel('Follow')).not.toBeChecked()

  await page.keyboard.press('Enter')
  await expect(viewer.getByText('2 of 2', { exact: true })).toBeVisible()
  await expect(current).toHaveText('needle')
  await expect(current).toBeInViewport({ ratio: 1 })
  await expect(current.getByText('dle', { exact: true })).toHaveClass(/_red_/)
  expect(await violations(page)).toEqual([])

  writeFileSync(goOn, '')
  await expect(viewer.getByText('2 of 3', { exact: true })).toBeVisible()
  rmSync(goOn)
  await expect(current).toBeInViewport({ ratio: 1 })
  await page.keyboard.press('F3')
  await expect(viewer.getByText('3 of 3', { exact: true })).toBeVisible()
  await expect(current).toBeInViewport({ ratio: 1 })
  await expect(viewer.getByLabel('Follow')).not.toBeChecked()
  await page.keyboard.press('Shift+Enter')
  await expect(viewer.getByText('2 of 3', { exact: true })).toBeVisible()
  await viewer.getByRole('button', { name: 'Next match' }).click()
  await expect(viewer.getByText('3 of 3', { exact: true })).toBeVisible()
  await expect(current).toBeInViewport({ ratio: 1 })

  await page.keyboard.press('Escape')
  await expect(output.locator('mark')).toHaveCount(0)
  await expect(output.getByText('a needle that comes later')).toBeInViewport()

  await field.fill('no such hay')
  await expect(viewer.getByText('No match')).toBeVisible()
  await expect(output.locator('mark')).toHaveCount(0)
  await page.keyboard.press('Escape')
  await expect(output).toBeFocused()
  await expect(field).toHaveValue('')
  await page.keyboard.press('Control+f')
  await expect(field).toBeFocused()
  expect(complaints).toEqual([])
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
  await page.getByRole('main').getByRole('link', { name: 'Runs', exact: true }).click()
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

async function violations(page: Page) {
  const found = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
  return found.violations
}
