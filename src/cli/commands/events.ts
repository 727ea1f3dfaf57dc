import type { CommandModule } from 'yargs'
import type { RecordedEvent } from '../../node/index.ts'
import { defineCommand } from '../command.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { count } from '../format.ts'
import type { Io } from '../io.ts'
import { printLine, remark, widthOf } from '../output.ts'
import { printable } from '../printable.ts'
import { wrapText } from '../table.ts'

interface EventsOptions extends EndpointOptions {
  readonly after?: number
  readonly room?: string
  readonly follow: boolean
}

export const eventsCommand = (io: Io): CommandModule =>
  defineCommand<EventsOptions>({
    command: 'events',
    describe: 'Show what the node did by itself, and why: repairs, failed audits, shifts of load',
    builder: (yargs) =>
      withEndpoint(yargs)
        .options({
          follow: { type: 'boolean', default: false, describe: 'Go on with events as they happen' },
          room: {
            type: 'string',
            requiresArg: true,
            describe: 'Only events of one part of the node: heal, audit, homeostat'
          },
          after: { type: 'number', requiresArg: true, describe: 'Only events with a higher sequence number' }
        })
        .example('thhe events --follow --json', 'One JSON object a line, for a program'),
    handler: async ({ follow, room, after, json, quiet, ...flags }) => {
      const client = await connect(flags, io)
      let shown = 0
      for await (const line of client.events({ follow, room, after })) {
        if ('event' in line) {
          shown++
          await printLine(
            io,
            json
              ? JSON.stringify(line.event)
              : fittedEvent(line.event, io.stdout.columns && widthOf(io.stdout))
          )
        }
        if (!('end' in line) || quiet) continue
        if (line.end.missed > 0)
          remark(
            io,
            `${count(line.end.missed, 'older event')} have been dropped; the log of the node has them.`
          )
        if (shown === 0 && !follow) remark(io, 'Nothing has happened since the node started.')
      }
    }
  })

/** @param width - columns of the terminal; undefined for a file or a program, which gets one line an event */
export const fittedEvent = (event: RecordedEvent, width: number | undefined): string =>
  width === undefined ? eventText(event) : wrapText(eventText(event), width - 2).join('\n  ')

/** One line: time, what happened, why, and to what. */
export const eventText = ({ atMs, room, kind, reason, cid, peer, data }: RecordedEvent): string => {
  const about = Object.entries({ cid, peer, ...data })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${String(value)}`)
  const words = [new Date(atMs).toISOString(), `${room}.${kind}`, reason]
  return printable([...words, ...(about.length > 0 ? [`(${about.join(' ')})`] : [])].join('  '))
}
