import { UnstyledButton } from '@mantine/core'
import { type ReactNode, useId, useState } from 'react'
import { ClosedIcon, OpenIcon } from './icons'
import classes from './question.module.css'

interface QuestionProps {
  /** What somebody would ask here. */
  words: string
  /** The answer: not there before somebody asks. */
  children: ReactNode
}

/** A question that opens its answer below it. */
export function Question({ words, children }: QuestionProps) {
  const [isOpen, setOpen] = useState(false)
  const id = useId()
  return (
    <>
      <UnstyledButton
        className={classes.question}
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setOpen(!isOpen)}
      >
        {isOpen ? <OpenIcon size={13} /> : <ClosedIcon size={13} />}
        {words}
      </UnstyledButton>
      <div id={id} hidden={!isOpen} className={classes.answer}>
        {isOpen && children}
      </div>
    </>
  )
}

/** The frame of an answer. */
export function Told({ children }: { children: ReactNode }) {
  return <div className={classes.told}>{children}</div>
}
