/** Finds the field that a pointer such as `/password` means, among the fields of a form. */
export function fieldOfPointer<Field extends string>(fields: readonly Field[]) {
  return (pointer: string): Field | null => {
    const first = pointer.split('/')[1]
    return fields.find((field) => field === first) ?? null
  }
}
