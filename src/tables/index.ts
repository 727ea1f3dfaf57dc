// Sorted tables that several nodes read and write with nobody in charge, kept in the mesh under a named head.
// May not enter: what the entries mean, how objects are placed, the disk, sockets, clocks and random bits (which come in).
export { isTableError, TableError, type TableErrorCode } from './errors.ts'
export { DEFAULT_TABLE_SETTINGS, type TableSettings } from './settings.ts'
export { SharedTable, type Decision, type TableComponents, type TableStore } from './shared-table.ts'
export type { TableView } from './tree.ts'
export type { AgreedSlots, SlotContents } from './agreed-slots.ts'
