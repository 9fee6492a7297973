import type { User } from '../../lib/api/types'
import { Tag, type TagTone } from '../../ui/tag'
import classes from './user-tags.module.css'

const states: Record<User['state'], { word: string; tone: TagTone }> = {
  active: { word: 'active', tone: 'good' },
  invited: { word: 'invited', tone: 'waiting' },
  disabled: { word: 'disabled', tone: 'bad' },
}

/** Whether a user is let in, and what sets the user apart. */
export function UserTags({ user }: { user: User }) {
  const { word, tone } = states[user.state]
  return (
    <span className={classes.tags}>
      {user.super && <Tag tone="active">super user</Tag>}
      {user.operator && <Tag tone="active">operator</Tag>}
      <Tag tone={tone}>{word}</Tag>
    </span>
  )
}
