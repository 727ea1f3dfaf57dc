import type { FileHandle } from 'node:fs/promises'

/**
 * Closes a file. A close waits for a read or write under way, and one on a pipe or a device may never return: after an
 * interruption nobody waits for it, and the end of the process closes the file.
 */
export const closeFile = async (file: FileHandle, signal: AbortSignal): Promise<void> => {
  const closed = file.close()
  // The command ends with the interruption, not with what becomes of the file.
  if (signal.aborted) closed.catch(() => {})
  else await closed
}
