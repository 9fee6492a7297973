import classes from './text.module.css'

/** A sentence of the server's, in which what stands between backticks is meant literally. */
export function CodeText({ children }: { children: string }) {
  return children.split('`').map((part, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: a part is known by its place
      <code key={index} className={classes.code}>
        {part}
      </code>
    ) : (
      part
    ),
  )
}
