import type { OpenFile } from '../../src/browser/index.ts'

/** Pieces of this size are handed to the browser, which keeps them on disk when they are many. */
const PIECE_BYTES = 8 << 20

/** All bytes of a file, opened, as one blob. @param onRead - share of it, 0 to 1 */
export const blobOf = async (
  file: OpenFile,
  type: string,
  signal: AbortSignal,
  onRead: (share: number) => void = () => {}
): Promise<Blob> => {
  let whole: Blob[] = []
  let pieces: Array<Uint8Array<ArrayBuffer>> = []
  let [bytes, held] = [0, 0]
  for await (const part of file.read(undefined, signal)) {
    pieces.push(part as Uint8Array<ArrayBuffer>)
    bytes += part.byteLength
    held += part.byteLength
    if (held >= PIECE_BYTES) {
      whole = [...whole, new Blob(pieces)]
      pieces = []
      held = 0
    }
    onRead(bytes / file.sizeBytes)
  }
  return new Blob([...whole, ...pieces], { type })
}

/** Hands a blob to the user. Its type says that no browser shall show it. */
export const saveBlob = (blob: Blob, name: string): void => {
  const url = URL.createObjectURL(blob)
  const anchor = document.createElement('a')
  anchor.href = url
  anchor.download = name
  anchor.click()
  // The browser has begun to read it by then.
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

interface SaveTarget {
  createWritable: () => Promise<WritableStream<Uint8Array>>
}
type SavePicker = (options: { suggestedName: string }) => Promise<SaveTarget>

/** Where the browser lets a page write a file as it comes, which some do. */
export const pickTarget = async (name: string): Promise<SaveTarget | undefined> => {
  const picker = (window as { showSaveFilePicker?: SavePicker }).showSaveFilePicker
  return picker === undefined ? undefined : await picker.call(window, { suggestedName: name })
}

/** Writes the opened bytes as they come. What could not be had whole does not appear in the folder. */
export const writeInto = async (
  target: SaveTarget,
  file: OpenFile,
  signal: AbortSignal,
  onRead: (share: number) => void
): Promise<void> => {
  const writer = (await target.createWritable()).getWriter()
  try {
    let bytes = 0
    for await (const part of file.read(undefined, signal)) {
      await writer.write(part)
      bytes += part.byteLength
      onRead(bytes / file.sizeBytes)
    }
    await writer.close()
  } catch (error) {
    await writer.abort(error)
    throw error
  }
}
