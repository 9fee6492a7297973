import { VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useRouterState } from '@tanstack/react-router'
import { useEffect, useId, useRef, useState } from 'react'
import { itemCounts } from '../features/inbox/queries'
import { useGivenUp } from '../features/webhooks/use-given-up'
import { count } from '../lib/words'
import { MoreIcon } from '../ui/icons'
import classes from './menu.module.css'
import { barOf, type Destination, signOf } from './navigation'

/** The ways to every place: one under the other at the side, or on a phone a bar whose last button opens the rest. */
export function MainMenu({ shown }: { shown: readonly Destination[] }) {
  const { first, rest } = barOf(shown)
  const [isOpen, setOpen] = useState(false)
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const givenUpCount = useGivenUp().length
  const hidesGivenUp = givenUpCount > 0 && rest.some(({ to }) => to === '/webhooks')
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
      <Entries destinations={first} givenUpCount={givenUpCount} />
      {rest.length > 0 && (
        <>
          <button
            type="button"
            className={classes.more}
            aria-expanded={isOpen}
            aria-controls={id}
            data-current={isInRest || undefined}
            {...(hidesGivenUp && badSign(givenUpCount))}
            onClick={() => setOpen(!isOpen)}
          >
            <MoreIcon />
            More
            {hidesGivenUp && <GivenUpWords number={givenUpCount} />}
          </button>
          <div id={id} className={classes.rest} data-open={isOpen || undefined}>
            <Entries destinations={rest} givenUpCount={givenUpCount} />
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
  return data && signOf(data.needs_me)
}

/** A red sign, drawn by the style sheet. */
function badSign(number: number) {
  return { 'data-count': signOf(number), 'data-tone': 'bad' }
}

/** What the red sign means, for those who cannot see it. */
function GivenUpWords({ number }: { number: number }) {
  return <VisuallyHidden>{count(number, 'webhook')} given up</VisuallyHidden>
}

interface EntriesProps {
  destinations: readonly Destination[]
  /** How many webhooks were given up. */
  givenUpCount: number
}

function Entries({ destinations, givenUpCount }: EntriesProps) {
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const waiting = useWaitingCount(destinations)
  const begins = destinations.find(({ section }) => section === 'organization')
  return destinations.map((destination) => {
    const { to, label, icon: Drawing } = destination
    const isGivenUp = to === '/webhooks' && givenUpCount > 0
    return (
      <span key={to} className={classes.place}>
        {destination === begins && <span className={classes.heading}>Organization</span>}
        <Link
          to={to}
          className={classes.destination}
          activeProps={{ 'aria-current': 'page' }}
          {...(isCovered(path, destination) && { 'aria-current': 'page' })}
          {...(to === '/inbox' && { 'data-count': waiting })}
          {...(isGivenUp && badSign(givenUpCount))}
        >
          <Drawing />
          {label}
          {isGivenUp && <GivenUpWords number={givenUpCount} />}
        </Link>
      </span>
    )
  })
}
