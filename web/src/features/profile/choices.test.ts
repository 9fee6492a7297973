import { expect, test } from 'vitest'
import { languageChoices, timeZoneChoices } from './choices'

test('the first choice is to do as the browser does', () => {
  expect(languageChoices('')[0]?.value).toBe('')
  expect(timeZoneChoices('')[0]?.value).toBe('')
})

test('what was set elsewhere can be kept, even if it is not offered', () => {
  expect(languageChoices('eo')).toContainEqual({ value: 'eo', label: 'Esperanto (eo)' })
  expect(timeZoneChoices('US/Pacific-New').map(({ value }) => value)).toContain('US/Pacific-New')
  expect(languageChoices('de').filter(({ value }) => value === 'de')).toHaveLength(1)
})
