import { expect, test } from '../world/test.ts'

test('a device is enrolled from the dialog and comes online', async ({ page, server }) => {
  await page.getByRole('button', { name: 'Enrol the first device' }).click()
  await page.getByRole('button', { name: 'Make the command' }).click()
  const command = await page.getByRole('region', { name: 'Commands to type on the device' }).innerText()
  const token = /enr_[^']+/.exec(command)?.[0] ?? ''
  await expect(page.getByText('Waiting for the device…')).toBeVisible()

  await server.join(token, 'web-1')
  await expect(page.getByText('web-1 has joined and is online.')).toBeVisible()
  await page.getByRole('dialog').getByRole('link', { name: 'web-1' }).click()
  await expect(page.getByRole('heading', { name: 'web-1', level: 1 })).toBeVisible()
  await expect(page.getByText('taskey, nobody')).toBeVisible()
})

test('where the server has an agent to give, the dialog shows its script and the token for it', async ({ page, server }) => {
  await server.giveAgent()
  await page.getByRole('button', { name: 'Enrol the first device' }).click()
  await page.getByRole('button', { name: 'Make the command' }).click()
  await expect(page.getByRole('region', { name: 'Commands that install taskeyd' })).toContainText(
    `curl -fsSL ${server.url}/install.sh -o install.sh`,
  )
  await expect(page.getByRole('region', { name: 'The token' })).toContainText(/^enr_/)
  await expect(page.getByRole('region', { name: 'Commands to type on the device' })).toBeVisible()
  const isTooWide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
  expect(isTooWide).toBe(false)
})

test('a device gets another name and other labels, and is removed', async ({ page, serverWithDevice: _ }) => {
  await page.getByRole('link', { name: 'web-1' }).click()
  await page.getByRole('button', { name: 'Edit name and labels' }).click()
  await page.getByLabel('Name').fill('a name that is not allowed')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText(/letters, digits/)).toBeVisible()
  await page.getByLabel('Name').fill('db-1')
  const labels = page.getByRole('dialog').locator('input:visible').last()
  await labels.fill('site=berlin')
  await labels.press('Enter')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('heading', { name: 'db-1', level: 1 })).toBeVisible()
  await expect(page.getByRole('list', { name: 'Labels' })).toContainText('site=berlin')

  await page.getByRole('button', { name: 'Remove this device' }).click()
  await expect(page.getByRole('button', { name: 'Remove db-1' })).toBeDisabled()
  await page.getByLabel('Type db-1 to confirm').fill('db-1')
  await page.getByRole('button', { name: 'Remove db-1' }).click()
  await expect(page.getByText('No devices yet')).toBeVisible()
})

test('a copy of a device is found, and the page gives the device new keys', async ({ page, serverWithDevice }) => {
  await serverWithDevice.runCopy('web-1')
  await expect(page.getByRole('listitem').filter({ hasText: 'web-1' })).toContainText('in quarantine for')
  await page.getByRole('link', { name: 'web-1' }).click()
  const notice = page.getByRole('alert').filter({ hasText: 'In quarantine' })
  await expect(notice).toContainText('nobody can tell which is the device')
  await notice.getByRole('button', { name: 'Give it new keys' }).click()
  const command = page.getByRole('region', { name: 'Command to type on the device' })
  await expect(command).toContainText('taskeyd enroll --rekey --server')
})
