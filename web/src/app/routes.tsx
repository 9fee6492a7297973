import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { instanceDetail, meDetail } from '../features/accounts/queries'
import { parseRunFilter } from '../features/runs/filter'
import { parseRunSearch } from '../features/runs/run-search'
import { ApiProblem } from '../lib/api/problem'
import { safeNext } from './next'
import { SignedInLayout } from './shell'

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({ component: Outlet })

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  beforeLoad: async ({ context }) => {
    const instance = await context.queryClient.query(instanceDetail())
    if (!instance.needs_setup) throw redirect({ to: '/login' })
  },
  component: lazyRouteComponent(() => import('../features/accounts/set-up'), 'SetUpPage'),
})

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (search: Record<string, unknown>): { next?: string } => safeNext(search.next),
  beforeLoad: async ({ context }) => {
    const instance = await context.queryClient.query(instanceDetail())
    if (instance.needs_setup) throw redirect({ to: '/setup' })
  },
  component: lazyRouteComponent(() => import('../features/accounts/log-in'), 'LogInPage'),
})

/** Everything that needs somebody signed in. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'in',
  beforeLoad: async ({ context, location }) => {
    try {
      await context.queryClient.query(meDetail())
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.status !== 401) throw error
      throw redirect({ to: '/login', search: location.href === '/' ? {} : { next: location.href } })
    }
  },
  component: SignedInLayout,
})

const home = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/devices', replace: true })
  },
})

const devices = createRoute({
  getParentRoute: () => signedIn,
  path: '/devices',
  component: lazyRouteComponent(() => import('../features/devices/list-page'), 'DevicesPage'),
})

const device = createRoute({
  getParentRoute: () => signedIn,
  path: '/devices/$device',
  component: lazyRouteComponent(() => import('../features/devices/device-page'), 'DevicePage'),
})

const tasks = createRoute({
  getParentRoute: () => signedIn,
  path: '/tasks',
  component: lazyRouteComponent(() => import('../features/tasks/list-page'), 'TasksPage'),
})

const task = createRoute({
  getParentRoute: () => signedIn,
  path: '/tasks/$task',
  component: lazyRouteComponent(() => import('../features/tasks/task-page'), 'TaskPage'),
})

const newTask = createRoute({
  getParentRoute: () => signedIn,
  path: '/tasks/new',
  component: lazyRouteComponent(() => import('../features/tasks/editor/new-task-page'), 'NewTaskPage'),
})

const editTask = createRoute({
  getParentRoute: () => signedIn,
  path: '/tasks/$task/edit',
  component: lazyRouteComponent(() => import('../features/tasks/editor/edit-task-page'), 'EditTaskPage'),
})

const taskHistory = createRoute({
  getParentRoute: () => signedIn,
  path: '/tasks/$task/versions',
  component: lazyRouteComponent(() => import('../features/tasks/history/history-page'), 'HistoryPage'),
})

const runs = createRoute({
  getParentRoute: () => signedIn,
  path: '/runs',
  validateSearch: parseRunFilter,
  component: lazyRouteComponent(() => import('../features/runs/list-page'), 'RunsPage'),
})

const run = createRoute({
  getParentRoute: () => signedIn,
  path: '/runs/$run',
  validateSearch: parseRunSearch,
  component: lazyRouteComponent(() => import('../features/runs/run-page'), 'RunPage'),
})

const secrets = createRoute({
  getParentRoute: () => signedIn,
  path: '/secrets',
  component: lazyRouteComponent(() => import('../features/secrets/list-page'), 'SecretsPage'),
})

const keys = createRoute({
  getParentRoute: () => signedIn,
  path: '/keys',
  component: lazyRouteComponent(() => import('../features/accounts/keys-page'), 'KeysPage'),
})

export const routeTree = root.addChildren([
  setup,
  login,
  signedIn.addChildren([
    home,
    devices,
    device,
    tasks,
    newTask,
    task,
    editTask,
    taskHistory,
    runs,
    run,
    secrets,
    keys,
  ]),
])
