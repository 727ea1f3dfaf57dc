// The reversible colour transform of JPEG 2000 (ISO/IEC 15444-1, annex G.2): a mean of red, green and blue, and two
// differences, which are small where a picture is grey. In words wide enough that nothing wraps.

/** @param planes - red, green and blue one after the other, perhaps followed by alpha; changed in place */
export function decorrelateColours(planes: Int16Array | Int32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const red = planes[i]
    const green = planes[count + i]
    const blue = planes[2 * count + i]
    planes[i] = (red + 2 * green + blue) >> 2
    planes[count + i] = blue - green
    planes[2 * count + i] = red - green
  }
}

/** Undoes `decorrelateColours`. */
export function restoreColours(planes: Int16Array | Int32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const blueLess = planes[count + i]
    const redLess = planes[2 * count + i]
    const green = planes[i] - ((blueLess + redLess) >> 2)
    planes[i] = redLess + green
    planes[count + i] = green
    planes[2 * count + i] = blueLess + green
  }
}
