/** Whether typed arrays of this machine have the least significant byte first. */
export const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** A copy of numbers of `numberBytes` bytes each with the order of their bytes turned round. */
export function swapped(bytes: Uint8Array, numberBytes: number): Uint8Array<ArrayBuffer> {
  const turned = new Uint8Array(bytes.byteLength)
  for (let base = 0; base < bytes.byteLength; base += numberBytes) {
    for (let i = 0; i < numberBytes; i++) turned[base + i] = bytes[base + numberBytes - 1 - i]
  }
  return turned
}

/** Little-endian numbers as typed arrays of this machine want them; the same buffer where nothing is to be done. */
export function littleEndianToHost(bytes: Uint8Array, numberBytes: number): Uint8Array {
  const aligned = bytes.byteOffset % numberBytes === 0 ? bytes : bytes.slice()
  return IS_LITTLE_ENDIAN || numberBytes === 1 ? aligned : swapped(aligned, numberBytes)
}

/** The reverse of `littleEndianToHost`: turning round is its own inverse. */
export const hostToLittleEndian = littleEndianToHost
