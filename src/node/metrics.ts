// Metrics are counted where they arise and read when somebody asks for them.
import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'

/** A gauge that is read when it is asked for. */
export const gauge = (
  registry: Registry,
  name: string,
  help: string,
  read: () => number | Promise<number>
): void => {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      this.set(await read())
    }
  })
}

/** A gauge that is missing from the page while `read` gives nothing. */
export const gaugeWhenKnown = (
  registry: Registry,
  name: string,
  help: string,
  read: () => number | undefined
): void => {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      const value = read()
      if (value === undefined) this.remove()
      else this.set(value)
    }
  })
}

/** A counter whose total is kept elsewhere and read when it is asked for. */
export const counter = (registry: Registry, name: string, help: string, read: () => number): void => {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset()
      this.inc(read())
    }
  })
}

/** A gauge with one label. @param read - the values by the label's value; absent ones disappear */
export const gaugeBy = (
  registry: Registry,
  name: string,
  help: string,
  label: string,
  read: () => Readonly<Record<string, number>>
): void => {
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset()
      for (const [value, count] of Object.entries(read())) this.set({ [label]: value }, count)
    }
  })
}

/** A counter with one label, whose totals are kept elsewhere. */
export const counterBy = (
  registry: Registry,
  name: string,
  help: string,
  label: string,
  read: () => Readonly<Record<string, number>>
): void => {
  new Counter({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset()
      for (const [value, count] of Object.entries(read())) this.inc({ [label]: value }, count)
    }
  })
}
