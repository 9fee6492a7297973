import { Alert, type AlertProps } from '@mantine/core'
import { WarningIcon } from './icons'
import classes from './notice.module.css'

/** Something that one should know before going on. */
export function Notice(props: AlertProps) {
  return (
    <Alert
      color="orange"
      icon={<WarningIcon size={17} />}
      {...props}
      classNames={{ root: classes.notice, title: classes.ink, icon: classes.ink }}
    />
  )
}
