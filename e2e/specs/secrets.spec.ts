import { expect, test } from '../world/test.ts'

test('a secret is set, gets another value and is removed, and its value is nowhere in the browser', async ({ page, server }) => {
  const value = 'c4n4ry-of-the-browser'
  await page.goto(`${server.url}/secrets`)
  await page.getByRole('button', { name: 'Set a secret' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('two words')
  await dialog.getByLabel('Value').fill('abc')
  await dialog.getByRole('button', { name: 'Set the secret' }).click()
  await expect(dialog.getByText('use letters, digits')).toBeVisible()
  await expect(dialog.getByText('4 to 32768 bytes, without NUL')).toBeVisible()
  await dialog.getByLabel('Name').fill('hook-token')
  await dialog.getByLabel('Value').fill(value)
  await dialog.getByRole('button', { name: 'Set the secret' }).click()
  await expect(dialog).toBeHidden()
  await expect(page.getByText('Version 1')).toBeVisible()

  await page.getByRole('button', { name: 'Set a new value for hook-token' }).click()
  await dialog.getByLabel('Value').fill(`${value}-2`)
  await dialog.getByRole('button', { name: 'Set the value' }).click()
  await expect(page.getByText('Version 2')).toBeVisible()

  const storage = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))
  expect(storage).not.toContain(value)
  expect(await page.content()).not.toContain(value)

  await page.getByRole('button', { name: 'Remove hook-token' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove hook-token' }).click()
  await expect(page.getByText('No secrets yet')).toBeVisible()
})
