import { Button } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import type { Me } from '../../lib/api/types'
import { SignOutIcon } from '../../ui/icons'
import { TextLink } from '../../ui/links'
import { Page } from '../../ui/page'
import { FactList } from '../../ui/rows'
import { useMay } from '../access/queries'
import { roleName } from '../access/roles'
import { meDetail } from '../accounts/queries'
import { useSignOut } from '../accounts/session'
import { OrganizationSection } from './organization-section'
import { OwnSessions } from './own-sessions'
import { PasswordSection } from './password-section'
import { ProfileForm } from './profile-form'

/** What is one's own: name, how dates are written, password, sessions. */
export function ProfilePage() {
  const { data: me } = useSuspenseQuery(meDetail())
  const may = useMay()
  const signOut = useSignOut()
  return (
    <Page
      title="Your profile"
      actions={
        <Button
          variant="default"
          leftSection={<SignOutIcon size={15} />}
          loading={signOut.isPending}
          onClick={() => signOut.mutate()}
        >
          Sign out
        </Button>
      }
    >
      <FactList
        facts={[
          { name: 'User name', value: me.user.username },
          { name: 'Organization', value: me.organization.name },
          { name: 'Your role', value: roleOf(me) },
          { name: 'Your groups', value: <OwnGroups me={me} mayOpen={may('groups.read')} /> },
        ]}
      />
      <ProfileForm me={me} />
      <PasswordSection />
      <OwnSessions />
      {may('organizations.write') && <OrganizationSection me={me} />}
    </Page>
  )
}

function roleOf({ user, role }: Me): string {
  if (user.operator) return 'Super user and operator of this server'
  return user.super ? 'Super user' : roleName(role)
}

function OwnGroups({ me, mayOpen }: { me: Me; mayOpen: boolean }) {
  const { groups } = me.user
  if (groups.length === 0) return me.user.super ? 'None, and none is needed' : 'None'
  if (!mayOpen) return groups.map(({ name }) => name).join(', ')
  return groups.map(({ id, name }, index) => (
    <span key={id}>
      {index > 0 && ', '}
      <TextLink to="/groups/$group" params={{ group: id }}>
        {name}
      </TextLink>
    </span>
  ))
}
