import type { IncomingMessage } from 'node:http'

/** The header in which the page sends the secret of its session. */
export const SESSION_HEADER = 'thhe-session'

/** What a page sends to be known again; undefined unless both parts are there. */
export const pageCredentials = ({
  headers
}: Pick<IncomingMessage, 'headers'>): { cookie: string; secret: string } | undefined => {
  const secret = headers[SESSION_HEADER]
  const name = cookieName(headers.host)
  const cookie = (headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1)
  return typeof secret !== 'string' || cookie === undefined ? undefined : { cookie, secret }
}

/** Cookies of a host are shared by all its ports: the name tells the nodes of one machine apart. */
export const cookieName = (host: string | undefined): string =>
  `thhe-${/:(\d{1,5})$/.exec(host ?? '')?.[1] ?? '80'}`
