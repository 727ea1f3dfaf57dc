/** What an element is made of. */
export type ElementKind = 'boolean' | 'unsigned' | 'signed' | 'float'

/** The layout of one element type. */
export interface ElementFormat {
  readonly kind: ElementKind
  /** Bytes of a number: half of an element for complex types. */
  readonly numberBytes: 1 | 2 | 4 | 8
  /** Numbers in an element: real and imaginary part of complex types. */
  readonly numbers: 1 | 2
  /** Type string of the .npy format without the byte order, e.g. 'f4'. */
  readonly npy: string
}

const format = (
  kind: ElementKind,
  numberBytes: ElementFormat['numberBytes'],
  npy: string,
  numbers: ElementFormat['numbers'] = 1
): ElementFormat => ({ kind, numberBytes, numbers, npy })

/** Every element type, by the name that NumPy gives it. */
export const ELEMENT_FORMATS = {
  bool: format('boolean', 1, 'b1'),
  uint8: format('unsigned', 1, 'u1'),
  uint16: format('unsigned', 2, 'u2'),
  uint32: format('unsigned', 4, 'u4'),
  uint64: format('unsigned', 8, 'u8'),
  int8: format('signed', 1, 'i1'),
  int16: format('signed', 2, 'i2'),
  int32: format('signed', 4, 'i4'),
  int64: format('signed', 8, 'i8'),
  float16: format('float', 2, 'f2'),
  float32: format('float', 4, 'f4'),
  float64: format('float', 8, 'f8'),
  complex64: format('float', 4, 'c8', 2),
  complex128: format('float', 8, 'c16', 2)
} as const satisfies Record<string, ElementFormat>

export type ElementType = keyof typeof ELEMENT_FORMATS

export const ELEMENT_TYPES = Object.keys(ELEMENT_FORMATS) as readonly ElementType[]

export function isElementType(value: unknown): value is ElementType {
  return typeof value === 'string' && Object.hasOwn(ELEMENT_FORMATS, value)
}

export function formatOf(type: ElementType): ElementFormat {
  return ELEMENT_FORMATS[type]
}

export function elementBytes(type: ElementType): number {
  const { numberBytes, numbers } = ELEMENT_FORMATS[type]
  return numberBytes * numbers
}
