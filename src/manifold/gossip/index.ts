export * from './mesh-choice.ts'
export * from './tree.ts'
