export * from './hearing.ts'
export * from './mesh-choice.ts'
export * from './tree.ts'
