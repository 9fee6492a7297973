import { Text } from '@mantine/core'
import type { Item } from '../../../lib/api/types'
import { Moment } from '../../../ui/moment'
import { Row, RowLink, Rows } from '../../../ui/rows'
import { Section } from '../../../ui/section'
import { duplicateWords } from '../item-words'
import type { InboxSearch } from '../search'
import { wantFocus } from '../use-go-to-item'
import classes from './duplicates-section.module.css'

/** As many the server names. */
const namedMax = 20

interface DuplicatesSectionProps {
  item: Item
  search: InboxSearch
}

/** The items that became one with an item, the newest first: what is said about them is said about it. */
export function DuplicatesSection({ item, search }: DuplicatesSectionProps) {
  const duplicates = item.sheet?.duplicates ?? []
  if (duplicates.length === 0) return null
  return (
    <Section title="Became one with this">
      <Rows label="Became one with this">
        {duplicates.map((duplicate) => (
          <Row key={duplicate.id}>
            <RowLink to="/inbox/$item" params={{ item: duplicate.id }} search={search} onClick={wantFocus}>
              {duplicate.title || 'Removed'}
            </RowLink>
            <div className={classes.facts}>
              posted <Moment at={duplicate.created_at} /> {duplicateWords(duplicate)}
            </div>
          </Row>
        ))}
      </Rows>
      {duplicates.length >= namedMax && (
        <Text size="sm" c="dimmed" mt="xs">
          These are the newest {namedMax}.
        </Text>
      )}
    </Section>
  )
}
