import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { keepInvitation } from '../features/accounts/invitation'
import { instanceDetail, meDetail } from '../features/accounts/queries'
import { parseAuditFilter } from '../features/audit/filter'
import { parseInboxSearch } from '../features/inbox/search'
import { parseRunFilter } from '../features/runs/filter'
import { parseRunSearch } from '../features/runs/run-search'
import { parseScheduleSearch } from '../features/schedules/search'
import { parseSlotSearch } from '../features/schedules/timeline/slot-search'
import { parseDeliverySearch } from '../features/webhooks/search'
import { ApiProblem } from '../lib/api/problem'
import { setLocale } from '../lib/locale'
import { homeOf } from './navigation'
import { safeNext } from './next'
import { SignedInLayout } from './shell'

/** What a page is for, so that the frame can say so to who may not see it. */
interface Needs {
  verb: string
  /** The heading of the page. */
  title: string
}

declare module '@tanstack/react-router' {
  interface StaticDataRouteOption {
    needs?: Needs
  }
}

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

/** Where a link to a first or a new password leads. Its secret stands after the `#`, and goes from the address at once. */
const invite = createRoute({
  getParentRoute: () => root,
  path: '/invite',
  beforeLoad: ({ location }) => {
    if (!location.hash) return
    keepInvitation(location.hash)
    throw redirect({ to: '/invite', hash: '', replace: true })
  },
  component: lazyRouteComponent(() => import('../features/accounts/invite-page'), 'InvitePage'),
})

/** Everything that needs somebody signed in. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'in',
  beforeLoad: async ({ context, location }) => {
    try {
      const me = await context.queryClient.query(meDetail())
      setLocale(me.user)
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
  beforeLoad: async ({ context }) => {
    const me = await context.queryClient.query(meDetail())
    throw redirect({ to: homeOf(me.can), replace: true })
  },
})

/** The list, and beside it the item that is open: the same list for all of them. */
const inbox = createRoute({
  getParentRoute: () => signedIn,
  path: '/inbox',
  staticData: { needs: { verb: 'items.read', title: 'Inbox' } },
  validateSearch: parseInboxSearch,
  component: lazyRouteComponent(() => import('../features/inbox/list/inbox-page'), 'InboxPage'),
})

const inboxItem = createRoute({
  getParentRoute: () => inbox,
  path: '$item',
  staticData: { needs: { verb: 'items.read', title: 'Item' } },
  component: lazyRouteComponent(() => import('../features/inbox/sheet/item-page'), 'ItemPage'),
})

const itemTypes = createRoute({
  getParentRoute: () => signedIn,
  path: '/item-types',
  staticData: { needs: { verb: 'item-types.read', title: 'Item types' } },
  component: lazyRouteComponent(() => import('../features/item-types/list-page'), 'ItemTypesPage'),
})

const itemType = createRoute({
  getParentRoute: () => signedIn,
  path: '/item-types/$type',
  staticData: { needs: { verb: 'item-types.read', title: 'Item type' } },
  component: lazyRouteComponent(() => import('../features/item-types/type-page'), 'ItemTypePage'),
})

const newItemType = createRoute({
  getParentRoute: () => signedIn,
  path: '/item-types/new',
  staticData: { needs: { verb: 'item-types.write', title: 'New item type' } },
  component: lazyRouteComponent(
    () => import('../features/item-types/editor/new-type-page'),
    'NewItemTypePage',
  ),
})

const editItemType = createRoute({
  getParentRoute: () => signedIn,
  path: '/item-types/$type/edit',
  staticData: { needs: { verb: 'item-types.write', title: 'Edit the item type' } },
  component: lazyRouteComponent(
    () => import('../features/item-types/editor/edit-type-page'),
    'EditItemTypePage',
  ),
})

const itemTypeHistory = createRoute({
  getParentRoute: () => signedIn,
  path: '/item-types/$type/versions',
  staticData: { needs: { verb: 'item-types.read', title: 'Versions' } },
  component: lazyRouteComponent(() => import('../features/item-types/history-page'), 'ItemTypeHistoryPage'),
})

const webhooks = createRoute({
  getParentRoute: () => signedIn,
  path: '/webhooks',
  staticData: { needs: { verb: 'webhooks.read', title: 'Webhooks' } },
  component: lazyRouteComponent(() => import('../features/webhooks/list-page'), 'WebhooksPage'),
})

const webhook = createRoute({
  getParentRoute: () => signedIn,
  path: '/webhooks/$webhook',
  staticData: { needs: { verb: 'webhooks.read', title: 'Webhook' } },
  validateSearch: parseDeliverySearch,
  component: lazyRouteComponent(() => import('../features/webhooks/webhook-page'), 'WebhookPage'),
})

const newWebhook = createRoute({
  getParentRoute: () => signedIn,
  path: '/webhooks/new',
  staticData: { needs: { verb: 'webhooks.write', title: 'New webhook' } },
  component: lazyRouteComponent(
    () => import('../features/webhooks/editor/new-webhook-page'),
    'NewWebhookPage',
  ),
})

const editWebhook = createRoute({
  getParentRoute: () => signedIn,
  path: '/webhooks/$webhook/edit',
  staticData: { needs: { verb: 'webhooks.write', title: 'Edit the webhook' } },
  component: lazyRouteComponent(
    () => import('../features/webhooks/editor/edit-webhook-page'),
    'EditWebhookPage',
  ),
})

const devices = createRoute({
  getParentRoute: () => signedIn,
  path: '/devices',
  staticData: { needs: { verb: 'devices.read', title: 'Devices' } },
  component: lazyRouteComponent(() => import('../features/devices/list-page'), 'DevicesPage'),
})

const device = createRoute({
  getParentRoute: () => signedIn,
  path: '/devices/$device',
  staticData: { needs: { verb: 'devices.read', title: 'Device' } },
  component: lazyRouteComponent(() => import('../features/devices/device-page'), 'DevicePage'),
})

const tasks = createRoute({
  getParentRoute: () => signedIn,
  path: '/tasks',
  staticData: { needs: { verb: 'tasks.read', title: 'Tasks' } },
  component: lazyRouteComponent(() => import('../features/tasks/list-page'), 'TasksPage'),
})

const task = createRoute({
  getParentRoute: () => signedIn,
  path: '/tasks/$task',
  staticData: { needs: { verb: 'tasks.read', title: 'Task' } },
  component: lazyRouteComponent(() => import('../features/tasks/task-page'), 'TaskPage'),
})

const newTask = createRoute({
  getParentRoute: () => signedIn,
  path: '/tasks/new',
  staticData: { needs: { verb: 'tasks.write', title: 'New task' } },
  component: lazyRouteComponent(() => import('../features/tasks/editor/new-task-page'), 'NewTaskPage'),
})

const editTask = createRoute({
  getParentRoute: () => signedIn,
  path: '/tasks/$task/edit',
  staticData: { needs: { verb: 'tasks.write', title: 'Edit the task' } },
  component: lazyRouteComponent(() => import('../features/tasks/editor/edit-task-page'), 'EditTaskPage'),
})

const taskHistory = createRoute({
  getParentRoute: () => signedIn,
  path: '/tasks/$task/versions',
  staticData: { needs: { verb: 'tasks.read', title: 'Versions' } },
  component: lazyRouteComponent(() => import('../features/tasks/history/history-page'), 'HistoryPage'),
})

const schedules = createRoute({
  getParentRoute: () => signedIn,
  path: '/schedules',
  staticData: { needs: { verb: 'schedules.read', title: 'Schedules' } },
  validateSearch: parseScheduleSearch,
  component: lazyRouteComponent(() => import('../features/schedules/list-page'), 'SchedulesPage'),
})

const schedule = createRoute({
  getParentRoute: () => signedIn,
  path: '/schedules/$schedule',
  staticData: { needs: { verb: 'schedules.read', title: 'Schedule' } },
  validateSearch: parseSlotSearch,
  component: lazyRouteComponent(() => import('../features/schedules/schedule-page'), 'SchedulePage'),
})

const newSchedule = createRoute({
  getParentRoute: () => signedIn,
  path: '/schedules/new',
  staticData: { needs: { verb: 'schedules.write', title: 'New schedule' } },
  validateSearch: parseScheduleSearch,
  component: lazyRouteComponent(
    () => import('../features/schedules/editor/new-schedule-page'),
    'NewSchedulePage',
  ),
})

const editSchedule = createRoute({
  getParentRoute: () => signedIn,
  path: '/schedules/$schedule/edit',
  staticData: { needs: { verb: 'schedules.write', title: 'Edit the schedule' } },
  component: lazyRouteComponent(
    () => import('../features/schedules/editor/edit-schedule-page'),
    'EditSchedulePage',
  ),
})

const scheduleHistory = createRoute({
  getParentRoute: () => signedIn,
  path: '/schedules/$schedule/versions',
  staticData: { needs: { verb: 'schedules.read', title: 'Versions' } },
  component: lazyRouteComponent(() => import('../features/schedules/history-page'), 'ScheduleHistoryPage'),
})

const calendars = createRoute({
  getParentRoute: () => signedIn,
  path: '/calendars',
  staticData: { needs: { verb: 'calendars.read', title: 'Calendars' } },
  component: lazyRouteComponent(() => import('../features/calendars/list-page'), 'CalendarsPage'),
})

const calendar = createRoute({
  getParentRoute: () => signedIn,
  path: '/calendars/$calendar',
  staticData: { needs: { verb: 'calendars.read', title: 'Calendar' } },
  component: lazyRouteComponent(() => import('../features/calendars/calendar-page'), 'CalendarPage'),
})

const newCalendar = createRoute({
  getParentRoute: () => signedIn,
  path: '/calendars/new',
  staticData: { needs: { verb: 'calendars.write', title: 'New calendar' } },
  component: lazyRouteComponent(
    () => import('../features/calendars/editor/new-calendar-page'),
    'NewCalendarPage',
  ),
})

const editCalendar = createRoute({
  getParentRoute: () => signedIn,
  path: '/calendars/$calendar/edit',
  staticData: { needs: { verb: 'calendars.write', title: 'Edit the calendar' } },
  component: lazyRouteComponent(
    () => import('../features/calendars/editor/edit-calendar-page'),
    'EditCalendarPage',
  ),
})

const runs = createRoute({
  getParentRoute: () => signedIn,
  path: '/runs',
  staticData: { needs: { verb: 'runs.read', title: 'Runs' } },
  validateSearch: parseRunFilter,
  component: lazyRouteComponent(() => import('../features/runs/list-page'), 'RunsPage'),
})

const run = createRoute({
  getParentRoute: () => signedIn,
  path: '/runs/$run',
  staticData: { needs: { verb: 'runs.read', title: 'Run' } },
  validateSearch: parseRunSearch,
  component: lazyRouteComponent(() => import('../features/runs/run-page'), 'RunPage'),
})

const secrets = createRoute({
  getParentRoute: () => signedIn,
  path: '/secrets',
  staticData: { needs: { verb: 'secrets.read', title: 'Secrets' } },
  component: lazyRouteComponent(() => import('../features/secrets/list-page'), 'SecretsPage'),
})

const keys = createRoute({
  getParentRoute: () => signedIn,
  path: '/keys',
  component: lazyRouteComponent(() => import('../features/accounts/keys-page'), 'KeysPage'),
})

const users = createRoute({
  getParentRoute: () => signedIn,
  path: '/users',
  staticData: { needs: { verb: 'users.read', title: 'Users' } },
  component: lazyRouteComponent(() => import('../features/users/list-page'), 'UsersPage'),
})

const user = createRoute({
  getParentRoute: () => signedIn,
  path: '/users/$user',
  staticData: { needs: { verb: 'users.read', title: 'User' } },
  component: lazyRouteComponent(() => import('../features/users/user-page'), 'UserPage'),
})

const groups = createRoute({
  getParentRoute: () => signedIn,
  path: '/groups',
  staticData: { needs: { verb: 'groups.read', title: 'Groups' } },
  component: lazyRouteComponent(() => import('../features/groups/list-page'), 'GroupsPage'),
})

const group = createRoute({
  getParentRoute: () => signedIn,
  path: '/groups/$group',
  staticData: { needs: { verb: 'groups.read', title: 'Group' } },
  component: lazyRouteComponent(() => import('../features/groups/group-page'), 'GroupPage'),
})

const deviceGroups = createRoute({
  getParentRoute: () => signedIn,
  path: '/device-groups',
  staticData: { needs: { verb: 'device-groups.read', title: 'Device groups' } },
  component: lazyRouteComponent(() => import('../features/device-groups/list-page'), 'DeviceGroupsPage'),
})

const deviceGroup = createRoute({
  getParentRoute: () => signedIn,
  path: '/device-groups/$group',
  staticData: { needs: { verb: 'device-groups.read', title: 'Device group' } },
  component: lazyRouteComponent(() => import('../features/device-groups/group-page'), 'DeviceGroupPage'),
})

const audit = createRoute({
  getParentRoute: () => signedIn,
  path: '/audit',
  staticData: { needs: { verb: 'audit.read', title: 'Audit log' } },
  validateSearch: parseAuditFilter,
  component: lazyRouteComponent(() => import('../features/audit/audit-page'), 'AuditPage'),
})

const organizations = createRoute({
  getParentRoute: () => signedIn,
  path: '/organizations',
  staticData: { needs: { verb: 'organizations.manage', title: 'Organizations' } },
  component: lazyRouteComponent(() => import('../features/organizations/list-page'), 'OrganizationsPage'),
})

const profile = createRoute({
  getParentRoute: () => signedIn,
  path: '/profile',
  component: lazyRouteComponent(() => import('../features/profile/profile-page'), 'ProfilePage'),
})

export const routeTree = root.addChildren([
  setup,
  login,
  invite,
  signedIn.addChildren([
    home,
    inbox.addChildren([inboxItem]),
    itemTypes,
    newItemType,
    itemType,
    editItemType,
    itemTypeHistory,
    webhooks,
    newWebhook,
    webhook,
    editWebhook,
    devices,
    device,
    tasks,
    newTask,
    task,
    editTask,
    taskHistory,
    schedules,
    newSchedule,
    schedule,
    editSchedule,
    scheduleHistory,
    calendars,
    newCalendar,
    calendar,
    editCalendar,
    runs,
    run,
    secrets,
    keys,
    users,
    user,
    groups,
    group,
    deviceGroups,
    deviceGroup,
    audit,
    organizations,
    profile,
  ]),
])
