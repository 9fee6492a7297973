import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Link, Outlet, useMatches } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { NotForYou } from '../features/access/not-for-you'
import { WhyButton } from '../features/access/why'
import { meDetail } from '../features/accounts/queries'
import { QuietBanner } from '../features/quiet/banner'
import { signedOut } from '../lib/api/client'
import { ApiProblem } from '../lib/api/problem'
import type { Me } from '../lib/api/types'
import { useServerEvents } from '../lib/live/events'
import { setLocale } from '../lib/locale'
import { WhyContext } from '../ui/why'
import { AccountMenu } from './account-menu'
import { ConnectionSign } from './connection'
import { MainMenu } from './menu'
import { destinationsOf } from './navigation'
import classes from './shell.module.css'
import { useShortcuts } from './shortcuts'

const ShortcutHelp = lazy(() =>
  import('./shortcut-help').then((module) => ({ default: module.ShortcutHelp })),
)

const CommandPalette = lazy(() =>
  import('./command-palette').then((module) => ({ default: module.CommandPalette })),
)

/** The frame of every page behind the sign-in: a bar at the side, or on a phone at the top and the bottom. */
export function SignedInLayout() {
  const { data: me, error } = useSuspenseQuery(meDetail())
  const isSignedOut = error instanceof ApiProblem && error.status === 401
  const shown = destinationsOf(me.can)
  const [open, setOpen] = useState<'help' | 'palette' | null>(null)
  const openHelp = useCallback(() => setOpen('help'), [])
  const openPalette = useCallback(() => setOpen('palette'), [])
  const close = () => setOpen(null)
  useShortcuts(shown, { openHelp, openPalette })
  useServerEvents()
  useNewRights(me)
  useLayoutEffect(() => setLocale(me.user), [me.user])
  useEffect(() => {
    if (isSignedOut) signedOut()
  }, [isSignedOut])
  return (
    <WhyContext value={WhyButton}>
      <div className={classes.shell}>
        <a href="#content" className={classes.skip}>
          Skip to the content
        </a>
        <div className={classes.bar}>
          <Link to="/" className={classes.brand} aria-label="taskey, to the first page">
            <img src="/favicon.svg" alt="" width={26} height={26} />
            taskey
          </Link>
          <MainMenu shown={shown} />
          <div className={classes.connection}>
            <ConnectionSign />
          </div>
          <AccountMenu onHelp={openHelp} />
        </div>
        <main id="content" className={classes.content} tabIndex={-1}>
          <QuietBanner />
          <Content can={me.can} />
        </main>
        <Suspense>
          {open === 'help' && <ShortcutHelp shown={shown} onClose={close} />}
          {open === 'palette' && <CommandPalette shown={shown} onHelp={openHelp} onClose={close} />}
        </Suspense>
      </div>
    </WhyContext>
  )
}

/** The page, or that it is not for who came here by its address. */
function Content({ can }: { can: readonly string[] }) {
  const needs = useMatches({ select: (matches) => matches.at(-1)?.staticData.needs })
  if (needs && !can.includes(needs.verb)) return <NotForYou key={needs.verb} {...needs} />
  return <Outlet />
}

/** Whoever may see more or less than before has to be shown everything anew. */
function useNewRights({ can, role, user }: Me) {
  const queryClient = useQueryClient()
  const rights = JSON.stringify([can, role, user.groups])
  const before = useRef(rights)
  useEffect(() => {
    if (before.current === rights) return
    before.current = rights
    const [own] = meDetail().queryKey
    void queryClient.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== own })
  }, [queryClient, rights])
}
