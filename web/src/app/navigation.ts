import { DeviceIcon, type Icon, KeyIcon, RunIcon, SecretIcon, TaskIcon } from '../ui/icons'

interface Destination {
  to: '/devices' | '/tasks' | '/runs' | '/secrets' | '/keys'
  label: string
  icon: Icon
  /** Pressed after `g`. */
  key: string
}

/** The one list of where one can go. */
export const destinations: readonly Destination[] = [
  { to: '/devices', label: 'Devices', icon: DeviceIcon, key: 'd' },
  { to: '/tasks', label: 'Tasks', icon: TaskIcon, key: 't' },
  { to: '/runs', label: 'Runs', icon: RunIcon, key: 'r' },
  { to: '/secrets', label: 'Secrets', icon: SecretIcon, key: 's' },
  { to: '/keys', label: 'API keys', icon: KeyIcon, key: 'k' },
]
