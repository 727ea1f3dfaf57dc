// What the page dares to show of a file that anybody may have made. Pure.

export type Shown =
  | { readonly how: 'picture' | 'document' | 'video' | 'audio'; readonly type: string }
  | { readonly how: 'text' }

const picture = (type: string): Shown => ({ how: 'picture', type })

/** Types that browsers draw without running anything of the page's origin. SVG and HTML are shown as the text that they are. */
const BY_ENDING: Readonly<Record<string, Shown>> = {
  png: picture('image/png'),
  jpg: picture('image/jpeg'),
  jpeg: picture('image/jpeg'),
  gif: picture('image/gif'),
  webp: picture('image/webp'),
  avif: picture('image/avif'),
  bmp: picture('image/bmp'),
  pdf: { how: 'document', type: 'application/pdf' },
  mp4: { how: 'video', type: 'video/mp4' },
  m4v: { how: 'video', type: 'video/mp4' },
  mov: { how: 'video', type: 'video/mp4' },
  webm: { how: 'video', type: 'video/webm' },
  mkv: { how: 'video', type: 'video/webm' },
  ogv: { how: 'video', type: 'video/ogg' },
  mp3: { how: 'audio', type: 'audio/mpeg' },
  m4a: { how: 'audio', type: 'audio/mp4' },
  ogg: { how: 'audio', type: 'audio/ogg' },
  opus: { how: 'audio', type: 'audio/ogg' },
  flac: { how: 'audio', type: 'audio/flac' },
  wav: { how: 'audio', type: 'audio/wav' }
}

const TEXTS = new Set(
  (
    'txt md log csv tsv json jsonl xml svg html htm css js mjs ts tsx py rs go c h cpp hpp java sh yaml yml toml ini ' +
    'conf sql tex srt vtt diff patch'
  ).split(' ')
)

/** How to show a file by its name; undefined for one that can only be saved. */
export const shownAs = (name: string | undefined): Shown | undefined => {
  const ending = /\.([^.]+)$/.exec(name ?? '')?.[1].toLowerCase()
  if (ending === undefined) return undefined
  if (TEXTS.has(ending)) return { how: 'text' }
  return Object.hasOwn(BY_ENDING, ending) ? BY_ENDING[ending] : undefined
}
