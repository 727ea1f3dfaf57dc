// The web page of a node, for the person who runs it.
import { render } from 'preact'
import type { ListLine, MapJson, OwnedObjectJson, PeersJson, StatusJson } from '../../src/gateway/types.ts'
import { BrowserError } from '../../src/browser/index.ts'
import { closeSession, getJson, getLines, isSignedIn, openSession } from './api.ts'
import { Events } from './events.tsx'
import { Files } from './files.tsx'
import { linkOf } from './link-hash.ts'
import { ObjectView } from './object.tsx'
import { OpenLink } from './open-link.tsx'
import { useHash, usePolled } from './hooks.ts'
import { Overview } from './overview.tsx'
import type { NodeView } from './overview.tsx'
import { verdictOn } from './words.ts'

const NODE_EVERY_MS = 3_000
const OBJECTS_EVERY_MS = 10_000
const loadNode = async (signal: AbortSignal): Promise<NodeView> => {
  const [status, { peers }, map] = await Promise.all([
    getJson<StatusJson>('/v1/status', signal),
    getJson<PeersJson>('/v1/peers', signal),
    getJson<MapJson>('/v1/map', signal)
  ])
  return { status, peers, map }
}

const loadObjects = async (signal: AbortSignal): Promise<OwnedObjectJson[] | undefined> => {
  if (!isSignedIn()) return undefined
  const objects: OwnedObjectJson[] = []
  for await (const line of getLines<ListLine>('/v1/objects', signal)) {
    if ('problem' in line) throw new BrowserError(line.problem)
    if ('object' in line) objects.push(line.object)
  }
  return objects.sort((a, b) => b.createdAtMs - a.createdAtMs)
}

const VIEWS = [
  ['#/', 'Overview'],
  ['#/files', 'Files'],
  ['#/open', 'Open'],
  ['#/events', 'Events']
] as const

const Page = ({ failure }: { failure: string | undefined }) => {
  const hash = useHash()
  const node = usePolled(loadNode, NODE_EVERY_MS)
  const objects = usePolled(loadObjects, OBJECTS_EVERY_MS)
  const link = linkOf(hash)
  const cid = /^#\/object\/(baf\w+)$/.exec(hash)?.[1]
  const view =
    cid !== undefined
      ? '#/files'
      : link !== undefined
        ? '#/open'
        : (VIEWS.find(([path]) => path === hash)?.[0] ?? '#/')
  const verdict = objects.value === undefined ? undefined : verdictOn(objects.value)
  return (
    <>
      <header>
        <h1>THHE {node.value !== undefined && <small>{node.value.status.network.name}</small>}</h1>
        <nav aria-label="Views">
          {VIEWS.map(([path, name]) => (
            <a key={path} href={path} aria-current={path === view ? 'page' : undefined}>
              {name}
            </a>
          ))}
        </nav>
      </header>
      <main>
        {failure !== undefined && (
          <p class="banner bad" role="alert">
            {failure}
          </p>
        )}
        {node.error !== undefined && (
          <p class="banner bad" role="alert">
            The node does not answer. The page goes on asking.
          </p>
        )}
        {node.value?.status.ready === false && (
          <p class="banner weak">The node is not ready: it has not found its peers.</p>
        )}
        {verdict !== undefined && view !== '#/open' && (
          <p class={`banner ${verdict.state}`}>{verdict.text}</p>
        )}
        {view === '#/' && node.value !== undefined && <Overview {...node.value} />}
        {view === '#/open' && <OpenLink key={link} link={link} />}
        {(view === '#/files' || view === '#/events') && cid === undefined && !isSignedIn() && <SignIn />}
        {cid !== undefined && <ObjectView key={cid} cid={cid} peers={node.value?.peers ?? []} />}
        {view === '#/files' && cid === undefined && objects.value !== undefined && (
          <Files objects={objects.value} onChange={objects.ask} />
        )}
        {view === '#/events' && isSignedIn() && <Events />}
      </main>
      <footer>
        {isSignedIn() && (
          <button type="button" onClick={() => void closeSession().finally(() => location.reload())}>
            Sign out
          </button>
        )}
      </footer>
    </>
  )
}

const SignIn = () => (
  <section>
    <h2>Only for the person who runs this node</h2>
    <p>
      Run <code>thhe web</code> on the node’s machine, and open the address that it prints.
    </p>
  </section>
)

const begin = async (): Promise<void> => {
  const code = /^#open=([\w-]+)$/.exec(location.hash)?.[1]
  let failure: string | undefined
  if (code !== undefined) {
    // The code must not stay in the history of the browser.
    history.replaceState(null, '', '#/')
    try {
      await openSession(code)
    } catch (error) {
      failure =
        error instanceof BrowserError
          ? `${error.message} Run "thhe web" again, and open the address that it prints.`
          : (error as Error).message
    }
  }
  render(<Page failure={failure} />, document.getElementById('page')!)
}

void begin()
