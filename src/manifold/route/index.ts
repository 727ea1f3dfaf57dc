export * from './cost.ts'
export * from './detour.ts'
