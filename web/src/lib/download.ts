/** Hands bytes or text to the person as a file. */
export function download(parts: BlobPart[], name: string) {
  const address = URL.createObjectURL(new Blob(parts, { type: 'application/octet-stream' }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The browser has taken its own reference once the click was handled.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
