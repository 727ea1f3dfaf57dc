import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
/** A folder for pictures of the page, for people to look at. */
const PICTURES = process.env.THHE_WEB_PICTURES

/** The Chromium of this machine; undefined, with a word, where there is none. */
export const launchChromium = async (): Promise<Browser | undefined> => {
  const executablePath = PROGRAMS.find((path) => existsSync(path))
  if (executablePath !== undefined) {
    return await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  }
  process.stdout.write('    Chromium is not installed here: the web page is not tried\n')
  return undefined
}

/** What goes wrong in a page without anybody looking: errors, and breaches of its policy. */
export const complaintsOf = (page: Page): string[] => {
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  return complaints
}

export const picture = async (page: Page, name: string): Promise<void> => {
  if (PICTURES === undefined) return
  await mkdir(PICTURES, { recursive: true })
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true })
}
