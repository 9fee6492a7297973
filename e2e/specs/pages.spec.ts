import { isGood } from '../world/good.ts'
import type { Server } from '../world/server.ts'
import { expect, goTo, makeDeviceGroup, makeGroup, makeSchedule, makeTask, makeUser, pageOf, runScript, test } from '../world/test.ts'

const destinations = [
  'Inbox',
  'Tasks',
  'Schedules',
  'Runs',
  'Secrets',
  'Item types',
  'Webhooks',
  'API keys',
  'Users',
  'Groups',
  'Device groups',
  'Audit log',
  'Organizations',
  'Devices',
]

test('every link of the navigation leads to its page without a complaint', async ({ page, server: _, complaints }) => {
  for (const name of destinations) {
    await goTo(page, name)
    await expect(page.getByRole('heading', { name, level: 1 })).toBeFocused()
    await expect(page).toHaveTitle(`${name} · taskey`)
    await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0)
  }
  expect(complaints).toEqual([])
})

test('the keyboard leads everywhere', async ({ page, server: _ }) => {
  await page.keyboard.type('gr')
  await expect(page.getByRole('heading', { name: 'Runs', level: 1 })).toBeVisible()
  await page.keyboard.type('gt')
  await expect(page.getByRole('heading', { name: 'Tasks', level: 1 })).toBeVisible()
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toBeHidden()
})

test('an address that leads nowhere says so', async ({ page, server }) => {
  await page.goto(`${server.url}/nowhere`)
  await expect(page.getByRole('heading', { name: 'There is nothing here' })).toBeVisible()
})

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every page is accessible and fits its width (${colorScheme})`, async ({ page, serverWithDevice: server, complaints }) => {
    // Many pages, and each is looked at in full.
    test.slow()
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await runScript(page, 'echo hello; echo trouble >&2\n')
    await expect(page.getByText('exit code 0')).toBeVisible()
    await isGood(page)

    for (const path of ['/devices', '/tasks', '/schedules', '/runs', '/secrets', '/inbox', '/item-types', '/item-types/new', '/webhooks', '/webhooks/new', '/keys', '/nowhere', '/devices/web-1']) {
      await page.goto(server.url + path)
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
      await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0)
      await isGood(page)
    }

    await page.getByRole('button', { name: 'Run a command' }).click()
    await expect(page.getByRole('dialog').getByLabel('web-1')).toBeChecked()
    await isGood(page)
    await page.keyboard.press('Escape')

    await makeTask(server, 'hello', 'uname')
    for (const path of ['/tasks/new', '/tasks/hello', '/tasks/hello/edit']) {
      await page.goto(server.url + path)
      await expect(page.getByRole('heading', { name: /hello|New task/, level: 1 })).toBeVisible()
      await isGood(page)
    }

    await page.goto(`${server.url}/devices`)
    await page.getByRole('button', { name: 'Enrol a device' }).click()
    await page.getByRole('button', { name: 'Make the command' }).click()
    await expect(page.getByText('Waiting for the device…')).toBeVisible()
    await isGood(page)
    expect(complaints).toEqual([])
  })

  test(`the task editor is accessible and fits its width with all its fields and problems (${colorScheme})`, async ({ page, server }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.goto(`${server.url}/tasks/new`)
    for (const type of ['Command', 'Script', 'Web request', 'Read a file']) {
      await page.getByRole('group', { name: 'Add an action' }).getByRole('button', { name: type }).click()
    }
    for (const more of await page.getByRole('button', { name: 'More' }).all()) await more.click()
    await page.getByRole('button', { name: 'Add a variable' }).first().click()
    await page.getByRole('button', { name: 'Add a header' }).click()
    await page.getByRole('button', { name: 'Create the task' }).click()
    await expect(page.getByText('write the script')).toBeVisible()
    await isGood(page)
    await page.getByRole('radiogroup', { name: 'View' }).getByText('YAML').click()
    await isGood(page)
    await page.getByRole('link', { name: 'Cancel' }).click()
    await isGood(page)
    await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click()
  })
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the pages and dialogs of schedules are accessible and fit their width (${colorScheme})`, async ({
    page,
    serverWithDevice: server,
    complaints,
  }) => {
    // Many pages, and each is looked at in full.
    test.slow()
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await makeTask(server, 'hello', 'uname')
    await makeTask(server, 'fails', 'false')
    const targets = { devices: ['web-1'] }
    await makeSchedule(server, { name: 'often', task: 'fails', every: '1s', targets })
    await makeSchedule(server, {
      name: 'nightly',
      description: 'Copies what matters.',
      task: 'hello',
      when: [{ cron: '30 2 * * *' }, { cron: '0 18 * * MON-FRI' }, { at: '2027-04-01T10:00:00Z' }],
      timezone: 'Europe/Berlin',
      targets,
      missed: { all: { max: 3, age: '2d' } },
      overlap: { queue: 2 },
      splay: '10m',
      starts_at: '2027-03-20T00:00:00Z',
      ends_at: '2027-12-31T00:00:00Z',
      windows: [{ days: ['sat', 'sun'], from: '01:00', until: '05:00' }],
    })
    for (const path of ['/schedules', '/schedules/often', '/schedules/nightly', '/schedules/nightly/versions', '/schedules/new']) {
      await page.goto(server.url + path)
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
      await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0)
      if (path.endsWith('often')) await expect(page.getByRole('img', { name: /fired, then failed/ })).toBeVisible()
      await isGood(page)
    }
    for (const button of ['Run now…', 'Pause…', 'Remove this schedule']) {
      await page.goto(`${server.url}/schedules/often`)
      await page.getByRole('button', { name: button }).click()
      await expect(page.getByRole('dialog')).toBeVisible()
      await isGood(page)
    }
    await page.goto(`${server.url}/schedules/nightly/edit`)
    await expect(page.getByRole('table', { name: /March 2027/ })).toBeVisible()
    await expect(page.getByRole('group', { name: 'Window 1' })).toBeVisible()
    await isGood(page)
    await page.getByRole('radiogroup', { name: 'View' }).getByText('YAML').click()
    await isGood(page)
    expect(complaints).toEqual([])
  })
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the pages of people and rights are accessible and fit their width (${colorScheme})`, async ({
    page,
    serverWithDevice: server,
    complaints,
  }) => {
    // Many pages, and each is looked at in full.
    test.slow()
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await makePeople(server)
    const places = ['/users', '/users/bob', '/groups', '/groups/Support', '/device-groups', '/device-groups/production']
    for (const path of [...places, '/organizations', '/profile', '/devices', '/devices/web-1']) {
      await page.goto(server.url + path)
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
      await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0)
      await isGood(page)
    }

    // A table that is wider than the screen scrolls by itself.
    await page.goto(`${server.url}/groups`)
    await page.getByRole('combobox', { name: 'Support: zagreb' }).selectOption('No access')
    await expect(page.getByText('Saved', { exact: true })).toBeAttached()
    await isGood(page)
    expect(complaints).toEqual([])
  })

  test(`the dialogs of people and rights are accessible and fit their width (${colorScheme})`, async ({
    page,
    serverWithDevice: server,
    complaints,
  }) => {
    // Many pages, and each is looked at in full.
    test.slow()
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await makePeople(server)
    const dialogs = [
      ['/users', 'Invite a user'],
      ['/users/bob', 'Edit'],
      ['/groups', 'New group'],
      ['/groups/Support', 'Add members'],
      ['/device-groups/production', 'Add devices'],
      ['/organizations', 'New organization'],
      ['/keys', 'Create a key'],
      ['/devices', 'Run a command'],
    ]
    for (const [path, button] of dialogs) {
      await page.goto(server.url + path)
      await page.getByRole('button', { name: button, exact: true }).click()
      await expect(page.getByRole('dialog')).toBeVisible()
      if (path === '/keys') {
        await page.getByText('Only what I tick').click()
        // An operator may do everything: every verb has words.
        await expect(page.getByRole('checkbox', { name: 'run commands and scripts' })).toBeAttached()
        await expect(page.getByRole('checkbox', { name: /^do “/ })).toHaveCount(0)
      }
      await isGood(page)
    }
    expect(complaints).toEqual([])
  })

  test(`what one may not see or do is accessible and fits its width (${colorScheme})`, async ({
    page,
    browser,
    serverWithDevice: server,
  }) => {
    await makePeople(server)
    const bob = await pageOf(browser, page, server, 'bob')
    await bob.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await bob.goto(`${server.url}/users`)
    await expect(bob.getByText('You may not see this')).toBeVisible()
    await isGood(bob)
    await bob.goto(`${server.url}/devices/web-1`)
    await bob.getByRole('button', { name: /^Why/ }).first().click()
    await expect(bob.getByText('this one counts')).toBeVisible()
    await isGood(bob)
  })
}

test('the pages before the sign-in are accessible and fit their width', async ({ page, newServer }) => {
  await page.goto(newServer.url)
  await expect(page.getByRole('heading', { name: 'Set up this server' })).toBeVisible()
  await isGood(page)
  await newServer.setUp()
  await page.goto(`${newServer.url}/login`)
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await isGood(page)
  await page.goto(`${newServer.url}/invite#inv_of-nobody`)
  await expect(page.getByRole('heading', { name: 'This link no longer works' })).toBeVisible()
  await isGood(page)
})

/** Somebody who may do less on web-1 than elsewhere, and more device groups than a table has room for. */
async function makePeople(server: Server) {
  await makeDeviceGroup(server, 'production', ['web-1'])
  for (const place of ['berlin', 'lisbon', 'oslo', 'rome', 'vienna', 'zagreb']) await makeDeviceGroup(server, place, [])
  await makeGroup(server, 'Support', 'admin', { production: 'read-only' })
  await makeUser(server, { username: 'bob', name: 'Robert Miller', groups: ['Support'] })
}
