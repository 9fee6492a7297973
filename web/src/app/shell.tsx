import { Link, Outlet } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useState } from 'react'
import { QuietBanner } from '../features/quiet/banner'
import { useServerEvents } from '../lib/live/events'
import { AccountMenu } from './account-menu'
import { ConnectionSign } from './connection'
import { destinations } from './navigation'
import classes from './shell.module.css'
import { useShortcuts } from './shortcuts'

const ShortcutHelp = lazy(() =>
  import('./shortcut-help').then((module) => ({ default: module.ShortcutHelp })),
)

/** The frame of every page behind the sign-in: a bar at the side, or on a phone at the top and the bottom. */
export function SignedInLayout() {
  const [isHelpOpen, setHelpOpen] = useState(false)
  const openHelp = useCallback(() => setHelpOpen(true), [])
  useShortcuts(openHelp)
  useServerEvents()
  return (
    <div className={classes.shell}>
      <a href="#content" className={classes.skip}>
        Skip to the content
      </a>
      <div className={classes.bar}>
        <Link to="/devices" className={classes.brand} aria-label="taskey, to the devices">
          <img src="/favicon.svg" alt="" width={26} height={26} />
          taskey
        </Link>
        <nav aria-label="Main" className={classes.nav}>
          {destinations.map(({ to, label, icon: Drawing }) => (
            <Link key={to} to={to} className={classes.destination} activeProps={{ 'aria-current': 'page' }}>
              <Drawing />
              {label}
            </Link>
          ))}
        </nav>
        <div className={classes.connection}>
          <ConnectionSign />
        </div>
        <AccountMenu onHelp={openHelp} />
      </div>
      <main id="content" className={classes.content} tabIndex={-1}>
        <QuietBanner />
        <Outlet />
      </main>
      <Suspense>{isHelpOpen && <ShortcutHelp onClose={() => setHelpOpen(false)} />}</Suspense>
    </div>
  )
}
