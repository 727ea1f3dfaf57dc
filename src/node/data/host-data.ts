import { LevelDatastore } from 'datastore-level'
import { gaugeBy } from '../metrics.ts'
import { BoundedRecords } from './bounded-records.ts'
import { WriteBehindDatastore } from './write-behind.ts'
import type { Logger } from '../logger.ts'
import type { Module } from '../module.ts'

/** libp2p's data on disk: its peer store and the records of the DHT. */
export interface HostData {
  readonly records: BoundedRecords
  readonly module: Module
}

/** @param self - id of this node @throws what LevelDB throws; nothing is left open then */
export const openHostData = async (path: string, self: string, logger: Logger): Promise<HostData> => {
  const level = new LevelDatastore(path)
  await level.open()
  const datastore = new WriteBehindDatastore(level, {
    onError: (error) => logger.warn('peers and DHT records could not be written', { error })
  })
  const stop = async (): Promise<void> => {
    try {
      await datastore.close()
    } finally {
      await level.close()
    }
  }
  try {
    const records = await BoundedRecords.open(datastore, self)
    return { records, module: { name: 'host data', stop, ...recordCounts(records) } }
  } catch (error) {
    await stop()
    throw error
  }
}

const recordCounts = (records: BoundedRecords): Pick<Module, 'metrics' | 'status'> => ({
  status: () => ({ dhtRecords: records.counts().provider }),
  metrics: (registry) =>
    gaugeBy(
      registry,
      'thhe_libp2p_records',
      'Entries that libp2p keeps on disk, most of them for others',
      'kind',
      () => Object.fromEntries(Object.entries(records.counts()).map(([kind, { entries }]) => [kind, entries]))
    )
})
