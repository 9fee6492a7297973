import { NotForTheForm } from './read-fields'
import { changeYaml, readYaml, writeYaml, type YamlProblem } from './yaml-text'

/** Something in one of two views. The other is kept as it was left, so that going there and back loses nothing. */
export interface Draft<Form> {
  view: View
  form: Form
  /** The YAML. */
  text: string
  /** The YAML that says the same as `form`; null where there is none. */
  textOfForm: string | null
}

export type View = 'form' | 'yaml'

/** What a draft turns into, or why it stays as it is. */
export type Turned<What> = { done: What } | { problem: YamlProblem }

interface Kind<Form, Spec> {
  /** `task`. */
  what: string
  /** What a form sends. */
  specOf: (form: Form) => Spec
  /** The form of what was read; throws NotForTheForm for what would be lost in it. */
  readForm: (value: unknown) => Form
}

/** What can be done with drafts of one kind of thing. */
export function draftsOf<Form, Spec>({ what, specOf, readForm }: Kind<Form, Spec>) {
  type Own = Draft<Form>

  /** A draft that begins with a form. */
  const draftOfForm = (form: Form): Own => ({ view: 'form', form, text: '', textOfForm: null })

  /** The draft with which editing begins: as YAML if the form would lose something. `empty` is shown then. */
  const draftOf = (spec: Spec, empty: Form): Own => {
    const draft: Own = { ...draftOfForm(empty), view: 'yaml', text: writeYaml(spec) }
    const turned = toForm(draft)
    return 'done' in turned ? turned.done : draft
  }

  const toYaml = (draft: Own): Own => {
    const spec = specOf(draft.form)
    const specIn = (value: unknown) => specOf(readForm(value))
    const text = draft.text === '' ? writeYaml(spec) : changeYaml(draft.text, spec, specIn)
    return { ...draft, view: 'yaml', text, textOfForm: text }
  }

  const toForm = (draft: Own): Turned<Own> => {
    if (draft.text === draft.textOfForm) return { done: { ...draft, view: 'form' } }
    const read = readYaml(draft.text)
    if ('problem' in read) return read
    try {
      return { done: { ...draft, view: 'form', form: readForm(read.value), textOfForm: null } }
    } catch (problem) {
      if (problem instanceof NotForTheForm) return { problem: notForTheForm(what, problem) }
      throw problem
    }
  }

  /** What is sent to the server. YAML goes as it is written: the server judges it. */
  const toSpec = (draft: Own): Turned<Spec> => {
    if (draft.view === 'form') return { done: specOf(draft.form) }
    const read = readYaml(draft.text)
    if ('problem' in read) return read
    return { done: read.value as Spec }
  }

  const hasChanged = (draft: Own, start: Own): boolean => contentOf(draft) !== contentOf(start)

  /** Equal for drafts that say the same, in whichever view. */
  const contentOf = (draft: Own): string => {
    const turned = draft.view === 'form' ? { done: draft } : toForm(draft)
    return 'done' in turned ? JSON.stringify(specOf(turned.done.form)) : draft.text
  }

  return { draftOfForm, draftOf, toYaml, toForm, toSpec, hasChanged }
}

function notForTheForm(what: string, { pointer, message }: NotForTheForm): YamlProblem {
  const where = pointer ? `${pointer}: ` : ''
  return { detail: `The form cannot show this ${what} (${where}${message}). It can be edited here.` }
}
