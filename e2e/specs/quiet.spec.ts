import { expect, test } from '../world/test.ts'

test('a restored server says on every page that it starts nothing, until its operator lets it go on', async ({
  page,
  restoredServer,
}) => {
  const banner = page.getByRole('status').filter({ hasText: 'Restored from a backup' })
  for (const path of ['/devices', '/runs', '/secrets']) {
    await page.goto(`${restoredServer.url}${path}`)
    await expect(banner).toBeVisible()
  }
  await banner.getByRole('button', { name: 'Let it go on' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Stay quiet' }).click()
  await expect(banner).toBeVisible()
  await banner.getByRole('button', { name: 'Let it go on' }).click()
  await dialog.getByRole('button', { name: 'Let it go on' }).click()
  await expect(banner).toBeHidden()
  await page.reload()
  await expect(page.getByRole('heading', { name: 'Secrets', level: 1 })).toBeVisible()
  await expect(banner).toBeHidden()
})
