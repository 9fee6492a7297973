import {
  CalendarIcon,
  DeviceGroupIcon,
  DeviceIcon,
  type Icon,
  InboxIcon,
  ItemTypeIcon,
  KeyIcon,
  LogIcon,
  OrganizationIcon,
  PeopleIcon,
  RolesIcon,
  RunIcon,
  SecretIcon,
  TaskIcon,
  WebhookIcon,
} from '../ui/icons'

export interface Destination {
  to:
    | '/inbox'
    | '/devices'
    | '/tasks'
    | '/schedules'
    | '/runs'
    | '/secrets'
    | '/item-types'
    | '/webhooks'
    | '/keys'
    | '/users'
    | '/groups'
    | '/device-groups'
    | '/audit'
    | '/organizations'
  label: string
  icon: Icon
  /** The place of pages that belong to it and have an address of their own. */
  covers?: string
  /** Pressed after `g`. */
  key: string
  /** Who may do this, somewhere, is shown the way there. */
  verb: string
  section: 'work' | 'organization'
}

/** The one list of where one can go. */
export const destinations: readonly Destination[] = [
  { to: '/inbox', label: 'Inbox', icon: InboxIcon, key: 'i', verb: 'items.read', section: 'work' },
  { to: '/devices', label: 'Devices', icon: DeviceIcon, key: 'd', verb: 'devices.read', section: 'work' },
  { to: '/tasks', label: 'Tasks', icon: TaskIcon, key: 't', verb: 'tasks.read', section: 'work' },
  {
    to: '/schedules',
    label: 'Schedules',
    covers: '/calendars',
    icon: CalendarIcon,
    key: 'c',
    verb: 'schedules.read',
    section: 'work',
  },
  { to: '/runs', label: 'Runs', icon: RunIcon, key: 'r', verb: 'runs.read', section: 'work' },
  { to: '/secrets', label: 'Secrets', icon: SecretIcon, key: 's', verb: 'secrets.read', section: 'work' },
  {
    to: '/item-types',
    label: 'Item types',
    icon: ItemTypeIcon,
    key: 'y',
    verb: 'item-types.read',
    section: 'work',
  },
  { to: '/webhooks', label: 'Webhooks', icon: WebhookIcon, key: 'w', verb: 'webhooks.read', section: 'work' },
  { to: '/keys', label: 'API keys', icon: KeyIcon, key: 'k', verb: 'keys.read', section: 'work' },
  { to: '/users', label: 'Users', icon: PeopleIcon, key: 'u', verb: 'users.read', section: 'organization' },
  { to: '/groups', label: 'Groups', icon: RolesIcon, key: 'g', verb: 'groups.read', section: 'organization' },
  {
    to: '/device-groups',
    label: 'Device groups',
    icon: DeviceGroupIcon,
    key: 'e',
    verb: 'device-groups.read',
    section: 'organization',
  },
  { to: '/audit', label: 'Audit log', icon: LogIcon, key: 'a', verb: 'audit.read', section: 'organization' },
  {
    to: '/organizations',
    label: 'Organizations',
    icon: OrganizationIcon,
    key: 'o',
    verb: 'organizations.manage',
    section: 'organization',
  },
]

/** What somebody is shown who may do these verbs somewhere. */
export function destinationsOf(can: readonly string[]): Destination[] {
  return destinations.filter(({ verb }) => can.includes(verb))
}

/** Where one begins. */
export function homeOf(can: readonly string[]): Destination['to'] {
  if (can.includes('devices.read')) return '/devices'
  // One's own keys are no beginning: whoever may see nothing else is told so where the work would be.
  return destinationsOf(can).find(({ to }) => to !== '/keys')?.to ?? '/devices'
}

/** How many of something wait behind the way to a place, for the sign there; nothing where none does. */
export function signOf(number: number): string | undefined {
  if (number === 0) return undefined
  return number > 99 ? '99+' : String(number)
}

/** How many fit side by side at the lower edge of a phone. */
const barLengthMax = 5

/** On a phone: what stands in the bar, and what opens above it. */
export function barOf(shown: readonly Destination[]): { first: Destination[]; rest: Destination[] } {
  const firstCount = shown.length > barLengthMax ? barLengthMax - 1 : shown.length
  return { first: shown.slice(0, firstCount), rest: shown.slice(firstCount) }
}
