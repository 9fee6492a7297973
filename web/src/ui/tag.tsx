import type { ReactNode } from 'react'
import classes from './tag.module.css'

/** How it feels: its colour comes from here, its meaning from the word. */
export type TagTone = 'neutral' | 'active' | 'good' | 'bad' | 'waiting'

/** A word about a thing, set apart. */
export function Tag({ tone = 'neutral', children }: { tone?: TagTone; children: ReactNode }) {
  return (
    <span className={classes.tag} data-tone={tone}>
      {children}
    </span>
  )
}
