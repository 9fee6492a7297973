import { Group, Title } from '@mantine/core'
import { type ReactNode, useId } from 'react'
import classes from './section.module.css'

interface SectionProps {
  title: string
  /** Its place in the address, after `#`. */
  id?: string
  actions?: ReactNode
  children: ReactNode
}

/** A part of a page with a heading of its own. */
export function Section({ title, id: place, actions, children }: SectionProps) {
  const id = useId()
  return (
    <section id={place} aria-labelledby={id} className={classes.section}>
      <Group justify="space-between" mb="xs" mih={30}>
        <Title order={2} id={id}>
          {title}
        </Title>
        {actions}
      </Group>
      {children}
    </section>
  )
}
