import { Alert, Text } from '@mantine/core'
import type { Item } from '../../../lib/api/types'
import { CheckIcon } from '../../../ui/icons'
import { TextLink } from '../../../ui/links'
import { Moment } from '../../../ui/moment'
import { endWords } from '../item-words'
import { FieldsTable } from './fields-view'

/** How an item ended, and who decided. */
export function OverNotice({ item }: { item: Item }) {
  const words = endWords(item)
  if (!words) return null
  const { resolution, closed_at, merged_into } = item
  return (
    <Alert color="gray" icon={<CheckIcon size={17} />} title={words}>
      {closed_at && (
        <Text size="sm">
          <Moment at={closed_at} />
          {resolution?.reason && `: ${resolution.reason}`}
        </Text>
      )}
      {merged_into && (
        <Text size="sm">
          It goes on as{' '}
          <TextLink underline="always" to="/inbox/$item" params={{ item: merged_into }} search={true}>
            another item
          </TextLink>
          .
        </Text>
      )}
      {resolution && Object.keys(resolution.answers).length > 0 && (
        <FieldsTable schema={null} fields={resolution.answers} />
      )}
    </Alert>
  )
}
