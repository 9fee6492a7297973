import { Paper, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'
import classes from './entry-frame.module.css'

interface EntryFrameProps {
  title: string
  words: string
  children: ReactNode
}

/** The page before one is signed in. */
export function EntryFrame({ title, words, children }: EntryFrameProps) {
  useEffect(() => {
    document.title = `${title} · taskey`
  }, [title])
  return (
    <main className={classes.frame}>
      <div className={classes.column}>
        <div className={classes.brand}>
          <img src="/favicon.svg" alt="" width={34} height={34} />
          taskey
        </div>
        <Paper withBorder p="lg" radius="lg">
          <Title order={1} size="h2">
            {title}
          </Title>
          <Text size="sm" c="dimmed" mt={4} mb="lg">
            {words}
          </Text>
          {children}
        </Paper>
      </div>
    </main>
  )
}
