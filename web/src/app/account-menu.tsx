import {
  Menu,
  SegmentedControl,
  Text,
  UnstyledButton,
  useMantineColorScheme,
  VisuallyHidden,
} from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { meDetail } from '../features/accounts/queries'
import { useSignOut } from '../features/accounts/session'
import { AutoIcon, type Icon, KeyboardIcon, MoonIcon, PersonIcon, SignOutIcon, SunIcon } from '../ui/icons'
import classes from './account-menu.module.css'

/** Who is signed in, how it looks, and the way out. */
export function AccountMenu({ onHelp }: { onHelp: () => void }) {
  const { data: me } = useSuspenseQuery(meDetail())
  const signOut = useSignOut()
  const navigate = useNavigate()
  return (
    <Menu position="top-start" width={260} shadow="md" withinPortal>
      <Menu.Target>
        <UnstyledButton className={classes.button}>
          <VisuallyHidden>Account</VisuallyHidden>
          <span className={classes.picture}>
            <PersonIcon />
          </span>
          <span className={classes.names}>
            <span className={classes.user}>{me.user.name || me.user.username}</span>
            <span className={classes.organization}>{me.organization.name}</span>
          </span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={classes.whoAmI}>
          <Text size="sm" fw={600}>
            {me.user.username}
          </Text>
          <Text size="xs" c="dimmed">
            {roleLabel(me.user)} of {me.organization.name}
          </Text>
        </div>
        <Menu.Divider />
        <ThemeChoice />
        <Menu.Divider />
        <Menu.Item leftSection={<PersonIcon size={16} />} onClick={() => void navigate({ to: '/profile' })}>
          Your profile
        </Menu.Item>
        <Menu.Item leftSection={<KeyboardIcon size={16} />} onClick={onHelp}>
          Keyboard shortcuts
        </Menu.Item>
        <Menu.Item leftSection={<SignOutIcon size={16} />} onClick={() => signOut.mutate()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

const schemes: { value: string; label: string; icon: Icon }[] = [
  { value: 'light', label: 'Light', icon: SunIcon },
  { value: 'dark', label: 'Dark', icon: MoonIcon },
  { value: 'auto', label: 'As the system', icon: AutoIcon },
]

function ThemeChoice() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <div className={classes.theme}>
      <Text size="sm" id="theme-choice">
        Theme
      </Text>
      <SegmentedControl
        aria-labelledby="theme-choice"
        size="xs"
        value={colorScheme}
        onChange={(value) => setColorScheme(value === 'light' || value === 'dark' ? value : 'auto')}
        data={schemes.map(({ value, label, icon: Drawing }) => ({
          value,
          label: (
            <span title={label} className={classes.scheme}>
              <Drawing size={15} />
              <VisuallyHidden>{label}</VisuallyHidden>
            </span>
          ),
        }))}
      />
    </div>
  )
}

function roleLabel(user: { super: boolean; operator: boolean }): string {
  if (user.operator) return 'Operator and super user'
  return user.super ? 'Super user' : 'User'
}
