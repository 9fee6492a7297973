const pattern = /^([0-9]+(ms|s|m|h|d))+$/

/** Whether the server will read `text` as a length of time, such as `90s` or `1h30m`. */
export function isSpan(text: string): boolean {
  return pattern.test(text)
}

export const spanHint = 'Write it as 30s, 5m, 1h30m or 2d.'
