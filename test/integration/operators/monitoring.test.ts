import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { load } from 'js-yaml'
import { CommandLine } from '../cli/run.ts'

const run = promisify(execFile)
const FOLDER = fileURLToPath(new URL('../../../testnet/monitoring/', import.meta.url))
const DOCS = fileURLToPath(new URL('../../../docs/guide/monitoring.md', import.meta.url))

interface Rule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly for?: string
  readonly labels?: { readonly severity: string }
  readonly annotations?: Readonly<Record<'summary' | 'description' | 'action' | 'runbook', string>>
}

interface Up {
  readonly peers: ReadonlyArray<{ readonly url: string }>
  readonly s3: { readonly url: string }
  readonly web: { readonly url: string }
}

interface Panel {
  readonly title: string
  readonly type: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: ReadonlyArray<{ readonly expr: string }>
}

const readRules = async (): Promise<Rule[]> => {
  const { groups } = load(await readFile(join(FOLDER, 'alerts.yml'), 'utf8')) as {
    groups: ReadonlyArray<{ rules: Rule[] }>
  }
  return groups.flatMap(({ rules }) => rules)
}

const readPanels = async (): Promise<Panel[]> =>
  (JSON.parse(await readFile(join(FOLDER, 'grafana/dashboards/thhe.json'), 'utf8')) as { panels: Panel[] })
    .panels

const queriesOf = (panels: readonly Panel[]): string[] =>
  panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

describe('monitoring: rules and dashboard', function () {
  this.timeout(60_000)

  describe('by promtool', () => {
    let folder: string
    before(async function () {
      folder = await mkdtemp(join(tmpdir(), 'thhe-promtool-'))
      const found = await run('promtool', ['--version']).then(
        () => true,
        () => false
      )
      if (found) return
      console.log('      skipped: promtool is not installed (Debian has it in the package prometheus)')
      this.skip()
    })
    after(async () => await rm(folder, { recursive: true, force: true }))

    const promtool = async (...args: string[]): Promise<void> => {
      try {
        await run('promtool', args, { cwd: FOLDER })
      } catch (error) {
        const { stdout, stderr } = error as { stdout: string; stderr: string }
        throw new Error(`promtool ${args.join(' ')}\n${stdout}${stderr}`)
      }
    }

    it('the configuration and the rules are valid', async () => {
      await promtool('check', 'config', 'prometheus.yml')
    })

    it('each alert fires when it should, and when it should not none does', async () => {
      await promtool('test', 'rules', 'alerts.test.yml', 'alerts-days.test.yml')
    })

    it('every query of the dashboard is valid', async () => {
      const rules = queriesOf(await readPanels()).map((expr, index) => ({
        record: `query_${index}`,
        expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*')
      }))
      expect(rules.length).to.be.greaterThan(40)
      const path = join(folder, 'queries.yml')
      // JSON is YAML.
      await writeFile(path, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
      await promtool('check', 'rules', path)
    })
  })

  it('each alert is tested', async () => {
    const tests = await Promise.all(
      ['alerts.test.yml', 'alerts-days.test.yml'].map(
        async (file) => await readFile(join(FOLDER, file), 'utf8')
      )
    )
    for (const { alert } of await readRules()) {
      if (alert !== undefined) expect(tests.join('')).to.include(`alertname="${alert}"`)
    }
  })

  it('each alert says what to do, and the guide says the same under its name', async () => {
    const page = await readFile(DOCS, 'utf8')
    const alerts = (await readRules()).filter(({ alert }) => alert !== undefined)
    for (const { alert, labels, annotations } of alerts) {
      expect(labels?.severity, alert).to.be.oneOf(['page', 'ticket'])
      expect(annotations, alert).to.include.all.keys('summary', 'description', 'action', 'runbook')
      expect(annotations?.runbook).to.equal(`docs/guide/monitoring.md#${alert?.toLowerCase()}`)
      const section = new RegExp(`\n### ${alert}\n(.*?)\n##`, 's').exec(page)?.[1].replace(/\s+/g, ' ')
      expect(section, `${alert} has no heading`).to.be.a('string')
      expect(section).to.include(`**${labels?.severity}**`)
      expect(section).to.include(annotations?.description).and.include(annotations?.action)
    }
    const headings = [...page.matchAll(/^### (Thhe\w+)$/gm)].map(([, name]) => name)
    expect(headings).to.deep.equal(alerts.map(({ alert }) => alert))
  })

  it('no panel of the dashboard lies on another', async () => {
    const taken = new Map<string, string>()
    for (const { title, gridPos } of await readPanels()) {
      expect(gridPos.x + gridPos.w, title).to.be.at.most(24)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.get(`${x} ${y}`), `${title} at ${x} ${y}`).to.equal(undefined)
          taken.set(`${x} ${y}`, title)
        }
      }
    }
  })

  describe('against a real node', () => {
    /** Made by Prometheus itself. */
    const OF_PROMETHEUS = ['up']
    /** Values of labels that appear when they are first counted, so that a node at rest does not show them. */
    const LAZY = [/^thhe_s3_/, /^thhe_operation_seconds/, /^thhe_event_loop_delay_seconds/]
    let thhe: CommandLine
    let up: Up
    let page: string

    before(async () => {
      thhe = await CommandLine.create()
      up = await thhe.json<Up>('cluster', 'up', '-n', '1', '--s3', '127.0.0.1:0', '--web')
      page = await (await fetch(`${up.peers[0].url}/metrics`)).text()
    })
    after(async () => {
      await thhe.run(['cluster', 'down', '--purge'])
      await thhe.remove()
    })

    it('which `cluster up --s3 --web` has started with S3 and an address that opens its page', async () => {
      // Nobody gets in without a signature.
      expect((await fetch(up.s3.url)).status).to.equal(403)
      const [url, code] = up.web.url.split('/#open=')
      expect(url).to.equal(up.peers[0].url)
      const opened = await fetch(`${url}/v1/web/session`, { method: 'POST', body: JSON.stringify({ code }) })
      expect(opened.status).to.equal(201)
    })

    it('which says so when it was started without S3', async () => {
      await thhe.run(['cluster', 'kill', '1'])
      await thhe.json('cluster', 'up', '-n', '1')
      const { code, stderr } = await thhe.run(['cluster', 'up', '-n', '1', '--s3'])
      expect([code, stderr]).to.deep.equal([2, stderr])
      expect(stderr).to.include('does not serve S3')
    })

    /** Names of metrics in a query, with the matchers of their labels. */
    const selectorsOf = (query: string): Array<{ name: string; matchers: string }> =>
      [...query.matchAll(/(?<![\w:])((?:thhe|process|nodejs)_[a-z0-9_]+|up)(?![\w:(])(?:\{([^}]*)\})?/g)].map(
        ([, name, matchers = '']) => ({ name, matchers })
      )

    /** The name under which a series of a histogram is described. */
    const described = (name: string): string[] => [name, name.replace(/_(bucket|sum|count)$/, '')]

    it('exports every metric that a rule or the dashboard names', async () => {
      const queries = [...(await readRules()).map(({ expr }) => expr), ...queriesOf(await readPanels())]
      const selectors = queries.flatMap(selectorsOf)
      expect(selectors.length).to.be.greaterThan(80)
      for (const { name } of selectors) {
        if (OF_PROMETHEUS.includes(name)) continue
        const found = described(name).some((one) => page.includes(`# TYPE ${one} `))
        expect(found, `no node exports ${name}`).to.equal(true)
      }
    })

    it('has every label, and every value of a label, that a rule or the dashboard asks for', async () => {
      const queries = [...(await readRules()).map(({ expr }) => expr), ...queriesOf(await readPanels())]
      let seen = 0
      for (const { name, matchers } of queries.flatMap(selectorsOf)) {
        if (OF_PROMETHEUS.includes(name) || LAZY.some((lazy) => lazy.test(name))) continue
        for (const [, label, operator, value] of matchers.matchAll(/(\w+)(=~|!=|=)"([^"]*)"/g)) {
          if (label === 'job' || label === 'instance') continue
          seen++
          const values = operator === '=~' ? value.split('|') : [value]
          for (const one of values)
            expect(page, `${name}{${matchers}}`).to.match(seriesWith(name, label, one))
        }
      }
      expect(seen).to.be.greaterThan(10)
    })

    const seriesWith = (name: string, label: string, value: string): RegExp =>
      new RegExp(`^${name}\\{[^}]*\\b${label}="${value}"`, 'm')
  })
})
