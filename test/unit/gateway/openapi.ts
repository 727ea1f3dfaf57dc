import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'chai'
import type { Answer } from './http.ts'
import { linesOf } from './http.ts'

interface ResponseObject {
  readonly $ref?: string
  readonly headers?: Record<string, { schema: unknown }>
  readonly content?: Record<string, { schema: unknown }>
}

interface Operation {
  readonly security?: unknown
  readonly responses: Record<string, ResponseObject>
}

interface OpenApi {
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { readonly responses: Record<string, ResponseObject> }
}

export const openapi = JSON.parse(
  readFileSync(new URL('../../../src/gateway/openapi.json', import.meta.url), 'utf8')
) as OpenApi

const ajv = new Ajv2020({ strict: false, allErrors: true })
ajv.addSchema(openapi, 'openapi.json')

/** Fails unless the answer's status, type, headers and body are those that openapi.json promises for the operation. */
export const expectDescribed = (path: string, method: string, answer: Answer): void => {
  const where = `${method} ${path}: ${answer.status}`
  const operation = openapi.paths[path]?.[method.toLowerCase()]
  expect(operation, `${method} ${path} in openapi.json`).to.not.equal(undefined)
  const response = resolved(operation.responses[answer.status])
  expect(response, `${where} in openapi.json; the body was ${answer.body.toString()}`).to.not.equal(undefined)
  for (const [name, { schema }] of Object.entries(response?.headers ?? {})) {
    const text = answer.headers[name.toLowerCase()]
    const value = (schema as { type?: string }).type === 'integer' ? Number(text) : text
    expectValid(`${where}, header ${name}`, schema, value)
  }
  if (method === 'HEAD' || answer.status === 304) {
    expect(answer.body.byteLength, `${where}: bytes of body`).to.equal(0)
    return
  }
  const type = (answer.headers['content-type'] ?? '').split(';')[0]
  const content = response?.content?.[type]
  expect(content, `${where}, ${type} in openapi.json`).to.not.equal(undefined)
  for (const value of valuesOf(type, answer.body)) expectValid(where, content?.schema, value)
}

const resolved = (response: ResponseObject | undefined): ResponseObject | undefined => {
  if (response?.$ref === undefined) return response
  return openapi.components.responses[response.$ref.split('/').at(-1) as string]
}

const valuesOf = (type: string, body: Buffer): unknown[] => {
  if (type === 'application/x-ndjson') return linesOf(body)
  if (type.endsWith('json')) return [JSON.parse(body.toString())]
  return [body.toString('latin1')]
}

const expectValid = (what: string, schema: unknown, value: unknown): void => {
  const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi.json#/')) as object
  const valid = ajv.validate(absolute, value)
  expect(valid, `${what}: ${ajv.errorsText()} in ${JSON.stringify(value)?.slice(0, 500)}`).to.equal(true)
}
