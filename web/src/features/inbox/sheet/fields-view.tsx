import { Anchor } from '@mantine/core'
import { useState } from 'react'
import type { Item } from '../../../lib/api/types'
import { useLocale } from '../../../lib/locale'
import { ExactMoment } from '../../../ui/moment'
import { FactList } from '../../../ui/rows'
import { type FieldView, type ShownField, shownFields } from '../fields/field-view'
import classes from './fields-view.module.css'

/** The fields of an item as a table. */
export function FieldsView({ item }: { item: Item }) {
  return <FieldsTable schema={item.sheet?.schema} fields={item.fields} />
}

export function FieldsTable({ schema, fields }: { schema: unknown; fields: Record<string, unknown> }) {
  const shown = shownFields(schema, fields, useLocale())
  if (shown.length === 0) return null
  return (
    <div className={classes.fields}>
      <FactList facts={shown.map((field) => ({ name: field.label, value: <Value {...field} /> }))} />
    </div>
  )
}

/** What is to be seen beside an item's text: pictures, and links to what is no picture. */
export function PreviewFields({ item }: { item: Item }) {
  const shown = shownFields(item.sheet?.schema, item.fields, useLocale()).filter(({ isPreview }) => isPreview)
  if (shown.length === 0) return null
  return (
    <ul className={classes.previews} aria-label="Previews">
      {shown.map((field) => (
        <li key={field.key}>
          <div className={classes.label}>{field.label}</div>
          <Value {...field} />
        </li>
      ))}
    </ul>
  )
}

function Value({ label, view }: Pick<ShownField, 'label' | 'view'>) {
  switch (view.kind) {
    case 'text':
      return view.text
    case 'lines':
      return <div className={classes.lines}>{view.text}</div>
    case 'code':
      return (
        <pre className={classes.code} tabIndex={0} role="region" aria-label={label}>
          {view.text}
        </pre>
      )
    case 'moment':
      return <ExactMoment at={view.at} />
    case 'link':
      return <OutsideLink href={view.href}>{view.text}</OutsideLink>
    case 'picture':
      return <Picture label={label} view={view} />
    case 'table':
      return <RowsTable label={label} view={view} />
  }
}

function RowsTable({ label, view }: { label: string; view: Extract<FieldView, { kind: 'table' }> }) {
  return (
    <div className={classes.scroll} tabIndex={0} role="region" aria-label={label}>
      <table className={classes.table}>
        <thead>
          <tr>
            {view.columns.map(({ key, label }) => (
              <th key={key} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {view.rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the rows are never moved
            <tr key={index}>
              {row.map((cell, place) => (
                <td key={view.columns[place]?.key}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Picture({ label, view }: { label: string; view: Extract<FieldView, { kind: 'picture' }> }) {
  const [isMissing, setMissing] = useState(false)
  return (
    <OutsideLink href={view.href}>
      {!isMissing && (
        <img
          src={view.href}
          alt={label}
          loading="lazy"
          referrerPolicy="no-referrer"
          className={classes.picture}
          onError={() => setMissing(true)}
        />
      )}
      {view.text}
    </OutsideLink>
  )
}

/** Somebody else's page opens beside this one, and is not told from where. */
function OutsideLink({ href, children }: { href: string; children: React.ReactNode }) {
  return (
    <Anchor href={href} target="_blank" rel="noopener noreferrer nofollow" inherit underline="always">
      {children}
    </Anchor>
  )
}
