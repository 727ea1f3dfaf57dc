// S3 for programs that speak it: buckets and objects over the mesh, on a port of its own.
// May not enter: how objects are coded and placed, what a table is made of, the command line.
export { createS3Server, type S3Server, type S3ServerInit } from './server.ts'
export { loadSecret, secretPath, type S3Secret } from './secret.ts'
export { S3Service, type S3Node, type S3ServiceInit } from './service.ts'
export { RIGHTS, type Access, type Grant, type Right } from './account.ts'
export { S3Error, type S3ErrorCode } from './errors.ts'
