import type { Item } from '../../../lib/api/types'
import { isAtLeast } from '../../access/roles'
import { parseKey, readSchema } from '../fields/schema'

/** What somebody may do with an item, as far as this page can tell. */
export interface WhatMay {
  /** To resolve, move, assign, snooze and merge it. */
  decide: boolean
  comment: boolean
  /** To take it back: who posted it, and admins. */
  cancel: boolean
  /** The fields that may be changed. */
  editable: readonly string[]
  /** To say until when it should be decided. */
  due: boolean
}

export function whatMay(item: Item): WhatMay {
  const takesPart = isAtLeast(item.role, 'self-service')
  const owns = item.sheet?.may_change ?? false
  const decide = takesPart && item.is_open && !item.sheet?.why_not
  return {
    decide,
    comment: takesPart,
    cancel: owns,
    editable: item.is_open ? editableFields(item, owns, decide) : [],
    due: item.is_open && owns,
  }
}

function editableFields({ sheet }: Item, owns: boolean, decides: boolean): string[] {
  const keys = readSchema(sheet?.schema).properties.map(([key]) => key)
  if (owns) return keys
  return decides ? keys.filter((key) => parseKey(key).marks.includes('editable')) : []
}
