import { addressesSection } from './addresses.ts'
import { coordinateSection } from './coordinate-section.ts'
import { bandwidthSection, heatSection } from './load-sections.ts'
import { bulkPortsSection } from './bulk-ports.ts'
import { drainingSection } from './draining-section.ts'
import { sightsSection } from './sights.ts'
import type { Report } from '../../../protocols/generated/report.js'

/** A field of the report that one room owns: how it is encoded, and which rules it must keep. */
export interface ReportSection<T> {
  /** The field for this node's own report. Cuts what would break the rules. */
  encode: (value: T) => Partial<Report>
  /** Never trusts the report. @returns undefined when the field breaks its rules: the report is dropped then */
  check: (report: Report) => T | undefined
}

/** Every section, under the name that its value has in a `PeerReport`. A new field is one section and one line here. */
export const REPORT_SECTIONS = {
  multiaddrs: addressesSection,
  sights: sightsSection,
  coordinate: coordinateSection,
  heatPpm: heatSection,
  bandwidth: bandwidthSection,
  bulk: bulkPortsSection,
  draining: drainingSection
} as const

type Sections = typeof REPORT_SECTIONS

/** The sections of a report that has passed every check. */
export type SectionValues = {
  readonly [K in keyof Sections]: NonNullable<ReturnType<Sections[K]['check']>>
}

/** Where this node's own values come from, at each report. */
export type SectionSources = { readonly [K in keyof Sections]: () => SectionValues[K] }

const ENTRIES = Object.entries(REPORT_SECTIONS) as ReadonlyArray<
  readonly [keyof Sections, ReportSection<unknown>]
>

export const readSections = (sources: SectionSources): SectionValues =>
  Object.fromEntries(ENTRIES.map(([name]) => [name, sources[name]()])) as unknown as SectionValues

export const encodeSections = (values: SectionValues): Partial<Report> =>
  Object.assign({}, ...ENTRIES.map(([name, section]) => section.encode(values[name]))) as Partial<Report>

/** @returns undefined when any section breaks its rules */
export const checkSections = (report: Report): SectionValues | undefined => {
  const values = ENTRIES.map(([name, section]) => [name, section.check(report)] as const)
  if (values.some(([, value]) => value === undefined)) return undefined
  return Object.fromEntries(values) as unknown as SectionValues
}
