import { Button, Menu } from '@mantine/core'
import type { Choice, Item } from '../../../lib/api/types'
import { MoreIcon } from '../../../ui/icons'
import { CodeText } from '../../../ui/text'
import { shownChoices } from './choices'
import classes from './decision-bar.module.css'

interface DecisionBarProps {
  item: Item
  /** Whether a press means this item already. */
  isReady: boolean
  /** The name of the resolution that is on its way. */
  pending: string | null
  onChoose: (choice: Choice) => void
}

/** The ways to resolve an item, where the thumb is. Each button says what happens; a no is as large as a yes. */
export function DecisionBar({ item, isReady, pending, onChoose }: DecisionBarProps) {
  const { choices = [], why_not } = item.sheet ?? {}
  if (!item.is_open || (choices.length === 0 && !why_not)) return null
  const { shown, more } = shownChoices(choices)
  const isOff = Boolean(why_not)
  return (
    <div className={classes.bar} role="group" aria-label="Decide">
      {why_not && (
        <p className={classes.why}>
          <CodeText>{why_not.detail}</CodeText>
        </p>
      )}
      <div className={classes.choices}>
        {shown.map((choice, place) => (
          <Button
            key={choice.name}
            classNames={{
              root: choice.refusal ? `${classes.choice} ${classes.refusal}` : classes.choice,
              label: classes.label,
            }}
            variant={place === firstYes(choices) ? 'filled' : 'default'}
            disabled={isOff}
            aria-disabled={!isReady || undefined}
            loading={pending === choice.name}
            aria-keyshortcuts={String(place + 1)}
            onClick={() => onChoose(choice)}
          >
            <span className={classes.key} aria-hidden="true">
              {place + 1}
            </span>
            {choice.label}
          </Button>
        ))}
        {more.length > 0 && <MoreChoices more={more} isOff={isOff} onChoose={onChoose} />}
      </div>
    </div>
  )
}

interface MoreChoicesProps {
  more: readonly Choice[]
  isOff: boolean
  onChoose: (choice: Choice) => void
}

function MoreChoices({ more, isOff, onChoose }: MoreChoicesProps) {
  return (
    <Menu withInitialFocusPlaceholder={false} position="top-end" shadow="md" withinPortal>
      <Menu.Target>
        <Button
          className={classes.choice}
          variant="default"
          disabled={isOff}
          leftSection={<MoreIcon size={16} />}
        >
          More ways
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {more.map((choice) => (
          <Menu.Item key={choice.name} mih={44} onClick={() => onChoose(choice)}>
            {choice.label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function firstYes(choices: readonly Choice[]): number {
  return choices.findIndex(({ refusal }) => !refusal)
}
