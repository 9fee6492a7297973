/** As the server has it, which knows more rules and has the last word. */
export const passwordLengthMin = 8

/** What is wrong with a new password, before the server is asked. */
export function passwordProblem(password: string): string | null {
  return password.length < passwordLengthMin ? `At least ${passwordLengthMin} characters` : null
}
