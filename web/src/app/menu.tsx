import { useQuery } from '@tanstack/react-query'
import { Link, useRouterState } from '@tanstack/react-router'
import { useEffect, useId, useRef, useState } from 'react'
import { itemCounts } from '../features/inbox/queries'
import { MoreIcon } from '../ui/icons'
import classes from './menu.module.css'
import { barOf, type Destination } from './navigation'

/** The ways to every place: one under the other at the side, or on a phone a bar whose last button opens the rest. */
export function MainMenu({ shown }: { shown: readonly Destination[] }) {
  const { first, rest } = barOf(shown)
  const [isOpen, setOpen] = useState(false)
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const isInRest = rest.some(({ to }) => path === to || path.startsWith(`${to}/`))
  const nav = useRef<HTMLElement>(null)
  const id = useId()

  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever has gone somewhere is done with the menu
  useEffect(() => setOpen(false), [path])
  useEffect(() => {
    if (!isOpen) return
    const closeOutside = (event: Event) => {
      if (event.target instanceof Node && !nav.current?.contains(event.target)) setOpen(false)
    }
    const closeByKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      setOpen(false)
      nav.current?.querySelector('button')?.focus()
    }
    document.addEventListener('pointerdown', closeOutside)
    document.addEventListener('focusin', closeOutside)
    document.addEventListener('keydown', closeByKey)
    return () => {
      document.removeEventListener('pointerdown', closeOutside)
      document.removeEventListener('focusin', closeOutside)
      document.removeEventListener('keydown', closeByKey)
    }
  }, [isOpen])

  return (
    <nav aria-label="Main" className={classes.nav} ref={nav}>
      <Entries destinations={first} />
      {rest.length > 0 && (
        <>
          <button
            type="button"
            className={classes.more}
            aria-expanded={isOpen}
            aria-controls={id}
            data-current={isInRest || undefined}
            onClick={() => setOpen(!isOpen)}
          >
            <MoreIcon />
            More
          </button>
          <div id={id} className={classes.rest} data-open={isOpen || undefined}>
            <Entries destinations={rest} />
          </div>
        </>
      )}
    </nav>
  )
}

function isCovered(path: string, { covers }: Destination): boolean {
  return covers !== undefined && (path === covers || path.startsWith(`${covers}/`))
}

/** How many items need whoever is signed in, for the sign at the way to them; nothing where none does. */
function useWaitingCount(destinations: readonly Destination[]): string | undefined {
  const isShown = destinations.some(({ to }) => to === '/inbox')
  const { data } = useQuery({ ...itemCounts(), enabled: isShown })
  if (!data || data.needs_me === 0) return undefined
  return data.needs_me > 99 ? '99+' : String(data.needs_me)
}

function Entries({ destinations }: { destinations: readonly Destination[] }) {
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const waiting = useWaitingCount(destinations)
  const begins = destinations.find(({ section }) => section === 'organization')
  return destinations.map((destination) => {
    const { to, label, icon: Drawing } = destination
    return (
      <span key={to} className={classes.place}>
        {destination === begins && <span className={classes.heading}>Organization</span>}
        <Link
          to={to}
          className={classes.destination}
          activeProps={{ 'aria-current': 'page' }}
          {...(isCovered(path, destination) && { 'aria-current': 'page' })}
          {...(to === '/inbox' && { 'data-count': waiting })}
        >
          <Drawing />
          {label}
        </Link>
      </span>
    )
  })
}
