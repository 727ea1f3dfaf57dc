// Links in the address of the page, behind its first '#': no browser sends that part to anybody. Pure.

const LINK = /^#(?:thhe:|baf)/
/** Behind the key a path stands as it is; in an address it is percent-encoded. */
const KEY_AND_PATH = /^([^#]*#[\w-]*)(\/.*)$/s

/** The link in the address; undefined when it has none. */
export const linkOf = (hash: string): string | undefined => {
  if (!LINK.test(hash)) return undefined
  const link = hash.slice(1)
  const match = KEY_AND_PATH.exec(link)
  if (match === null) return link
  try {
    return match[1] + decodeURIComponent(match[2])
  } catch {
    // Somebody wrote the path by hand, with a % in it.
    return link
  }
}

/** The address of a link on this page. */
export const hashOf = (link: string): string => {
  const match = KEY_AND_PATH.exec(link)
  return match === null ? `#${link}` : `#${match[1]}${match[2].split('/').map(encodeURIComponent).join('/')}`
}

/** The folder around what a link leads to; undefined for a whole object. */
export const folderOf = (link: string): string | undefined => {
  const [address, ...fragment] = link.split('#')
  const behind = fragment.join('#')
  const path = behind.includes('/') ? behind : address.replace(/^thhe:[0-9a-f]*\//, '')
  const names = path.replace(/\/$/, '').split('/')
  if (names.length < 2) return undefined
  const up = link.replace(/\/$/, '')
  return `${up.slice(0, up.lastIndexOf('/'))}${names.length === 2 && !behind.includes('/') ? '/' : ''}`
}
