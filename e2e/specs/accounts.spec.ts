import { account } from '../world/server.ts'
import { expect, goTo, signIn, test } from '../world/test.ts'

test('a new server is set up in the browser', async ({ page, newServer }) => {
  await page.goto(newServer.url)
  await expect(page.getByRole('heading', { name: 'Set up this server' })).toBeVisible()

  await page.getByLabel('Set-up code').fill('wrong')
  await page.getByLabel('Organization').fill(account.organization)
  await page.getByLabel('User name').fill(account.username)
  await page.getByRole('textbox', { name: 'Password' }).fill('short')
  await page.getByRole('button', { name: 'Set up and sign in' }).click()
  await expect(page.getByText('At least 8 characters', { exact: true })).toBeVisible()

  await page.getByRole('textbox', { name: 'Password' }).fill(account.password)
  await page.getByRole('button', { name: 'Set up and sign in' }).click()
  await expect(page.getByRole('alert')).toContainText('set-up code')

  await page.getByLabel('Set-up code').fill(newServer.setupCode)
  await page.getByRole('button', { name: 'Set up and sign in' }).click()
  await expect(page.getByRole('heading', { name: 'Devices', level: 1 })).toBeVisible()
  await expect(page.getByText('No devices yet')).toBeVisible()
})

test('signing out and in again leads back to where one was going', async ({ page, server }) => {
  await page.getByRole('button', { name: /^Account/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()

  await page.goto(`${server.url}/runs?state=failed`)
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await page.getByLabel('User name').fill(account.username)
  await page.getByRole('textbox', { name: 'Password' }).fill('not the password')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert')).toBeVisible()

  await page.getByRole('textbox', { name: 'Password' }).fill(account.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByText('No run is failed')).toBeVisible()
})

test('a session that has ended elsewhere leads to the sign-in', async ({ page, context, server }) => {
  await context.clearCookies()
  await goTo(page, 'Tasks')
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await signIn(page, server)
})

test('an API key is made, used and removed', async ({ page, server, playwright }) => {
  await goTo(page, 'API keys')
  await page.getByRole('button', { name: 'Create a key' }).click()
  await page.getByLabel('Name').fill('nightly')
  await page.getByRole('button', { name: 'Create the key' }).click()
  const key = await page.getByRole('region', { name: 'The new key' }).innerText()
  await page.getByRole('button', { name: 'Done' }).click()

  const script = await playwright.request.newContext({ extraHTTPHeaders: { Authorization: `Bearer ${key.trim()}` } })
  const me = await script.get(`${server.url}/api/v1/me`)
  expect(await me.json()).toMatchObject({ key: 'nightly', user: { username: account.username } })

  await page.getByRole('button', { name: 'Remove nightly' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove nightly' }).click()
  await expect(page.getByText('nightly', { exact: true })).toBeHidden()
  expect((await script.get(`${server.url}/api/v1/me`)).status()).toBe(401)
  await script.dispose()
})
