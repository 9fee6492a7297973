import { Group, Title } from '@mantine/core'
import { type ReactNode, useEffect, useRef } from 'react'
import classes from './page.module.css'

interface PageProps {
  title: string
  /** What the browser's tab says, where it differs from the heading. */
  tabTitle?: string
  /** Stands before the heading: a way back, a state. */
  before?: ReactNode
  /** Stands beside the heading. */
  beside?: ReactNode
  actions?: ReactNode
  children: ReactNode
}

let pageCount = 0

/** A screen: names the tab, and takes the focus to its heading when one comes here from another screen. */
export function Page({ title, tabTitle, before, beside, actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null)

  useEffect(() => {
    document.title = `${tabTitle ?? title} · taskey`
  }, [title, tabTitle])

  useEffect(() => {
    pageCount += 1
    // The first page keeps the browser's own focus, so that the skip link comes first.
    if (pageCount > 1) heading.current?.focus({ preventScroll: true })
  }, [])

  return (
    <div className={classes.page}>
      {before}
      <Group component="header" justify="space-between" gap="sm" mb="lg">
        <Group gap="sm" className={classes.heading}>
          <Title order={1} ref={heading} tabIndex={-1} className={classes.title}>
            {title}
          </Title>
          {beside}
        </Group>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </div>
  )
}
