import { HologramError } from '../../errors.ts'
import { MAX_LAYERS } from '../../records/manifest.ts'
import type { Layer, Manifest } from '../../records/manifest.ts'
import type { TensorForm } from '../../objects.ts'

/** Largest parameters of a tensor that a put takes: they travel in the manifest, which every reader fetches. */
export const MAX_TENSOR_PARAMETERS_BYTES = 6144

/** The fields of a manifest in which a tensor differs from a blob. */
export type FormFields = Pick<Manifest, 'kind' | 'layers' | 'tensor'>

/** @param blob - the one layer of the object when it is not a tensor */
export function formFields(tensor: TensorForm | undefined, blob: Layer): FormFields {
  if (tensor === undefined) return { kind: 'blob', layers: [blob] }
  return { kind: 'tensor', layers: tensor.layers, tensor: tensor.parameters }
}

/** The same for an object that stands in its manifest, whose layers need no shards. */
export function inlineFormFields(tensor: TensorForm | undefined, length: number): FormFields {
  const layers = (tensor?.layers ?? [{ length }]).map((layer) => ({ k: 1, length: layer.length }))
  return { ...formFields(tensor, layers[0]), layers }
}

/** @throws HologramError 'BAD_CODE_PARAMETERS' for layers that no manifest may have */
export function checkForm({ layers, parameters }: TensorForm): void {
  if (layers.length < 1 || layers.length > MAX_LAYERS) {
    throw bad('layers', `are ${layers.length}, but must be 1 to ${MAX_LAYERS}`)
  }
  layers.forEach(({ k, length }, index) => {
    if (!Number.isInteger(k) || k < (layers[index - 1]?.k ?? 1))
      throw bad('layers', 'do not have ascending k')
    const isPossible = Number.isSafeInteger(length) && (length > 0 || (length === 0 && layers.length === 1))
    if (!isPossible) throw bad('layers', 'hold a length that cannot be')
  })
  if (parameters.byteLength > MAX_TENSOR_PARAMETERS_BYTES) {
    throw bad('tensor', `has ${parameters.byteLength} bytes, but ${MAX_TENSOR_PARAMETERS_BYTES} are allowed`)
  }
}

function bad(parameter: string, rule: string): HologramError<'BAD_CODE_PARAMETERS'> {
  return new HologramError('BAD_CODE_PARAMETERS', `${parameter} ${rule}`, { parameter, value: undefined })
}
