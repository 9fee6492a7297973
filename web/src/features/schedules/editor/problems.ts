import { ApiProblem, problemText } from '../../../lib/api/problem'
import type { FieldError } from '../../../lib/api/types'
import { targetFieldOf, toTargets } from '../../devices/target-words'
import type { RuleForm, ScheduleForm, WindowForm } from './schedule-form'

/** A field of the form: `schedule/name`, or that of a rule or a window by its id. */
export type Place = `${string}/${string}`

export type Problems = Readonly<Record<Place, string>>

export interface PlacedProblems {
  /** One text for each field that has a problem. */
  places: Problems
  /** What belongs to no field of the form. */
  rest: readonly string[]
}

/** The owner of the fields that are in no list. */
export const scheduleId = 'schedule'

/** Every problem that the server told, each with its pointer into the spec if it has one. */
export function problemsOf(error: unknown): FieldError[] {
  if (!(error instanceof ApiProblem)) return [{ pointer: '', detail: problemText(error) }]
  if (error.code === 'name_taken') return [{ pointer: '/name', detail: error.message }]
  if (error.errors.length === 0) return [{ pointer: '', detail: problemText(error) }]
  return error.errors.map(({ pointer, detail }) => ({
    pointer: pointer.replace(/^\/spec(?=\/|$)/, ''),
    detail,
  }))
}

/** Puts each problem to the field that shows it. */
export function placeProblems(errors: readonly FieldError[], form: ScheduleForm): PlacedProblems {
  const places: Record<Place, string> = {}
  const rest: string[] = []
  for (const { pointer, detail } of errors) {
    const place = placeOf(pointer, form)
    if (!place) rest.push(pointer ? `${pointer}: ${detail}` : detail)
    else places[place] = places[place] ? `${places[place]}; ${detail}` : detail
  }
  return { places, rest }
}

/** The problems of fields that are still as they were in `told`, when the server looked at them. */
export function unchangedProblems(problems: Problems, told: ScheduleForm, now: ScheduleForm): Problems {
  const standing = Object.entries(problems).filter(([place]) => valueAt(place, told) === valueAt(place, now))
  return Object.fromEntries(standing)
}

/** Of problems of a form that is still being filled in: those of fields in which something stands. */
export function problemsOfFilled(problems: Problems, form: ScheduleForm): Problems {
  const isFilled = (place: string) => !['', '""', '[]', '{}', undefined].includes(valueAt(place, form))
  return Object.fromEntries(Object.entries(problems).filter(([place]) => isFilled(place)))
}

const targetFields = ['devices', 'groups', 'selector']
const ofRule = ['cron', 'seconds', 'every', 'at', 'rrule', 'boot', 'enroll']

function placeOf(pointer: string, form: ScheduleForm): Place | null {
  const [, field = '', index, inner] = pointer.split('/')
  if (ofRule.includes(field)) return placeOfRule(form.rules[0])
  switch (field) {
    case 'when':
      return placeOfRule(form.rules[Number(index ?? 0)])
    case 'targets':
      return `${scheduleId}/${targetFieldOf(pointer)}`
    case 'missed':
      return `${scheduleId}/${inner === 'max' || inner === 'age' ? `missed_${inner}` : 'missed'}`
    case 'overlap':
      return `${scheduleId}/${index === 'queue' ? 'queue' : 'overlap'}`
    case 'windows': {
      const window = form.windows[Number(index)]
      return window ? `${window.id}/${inner ?? 'from'}` : `${scheduleId}/windows`
    }
    default:
      return field in form ? `${scheduleId}/${field}` : null
  }
}

/** A rule is one field, whatever it is written with. */
function placeOfRule(rule: RuleForm | undefined): Place | null {
  return rule ? `${rule.id}/rule` : null
}

function valueAt(place: string, form: ScheduleForm): string | undefined {
  const [id = '', field = ''] = place.split('/')
  // Anything chosen puts right that nothing was.
  if (id === scheduleId && targetFields.includes(field)) return JSON.stringify(toTargets(form.targets))
  if (id === scheduleId) return JSON.stringify(form[field as keyof ScheduleForm])
  const rule = form.rules.find((each) => each.id === id)
  if (rule) return JSON.stringify(rule)
  const window = form.windows.find((each) => each.id === id)
  return window && JSON.stringify(window[field as keyof WindowForm])
}
