// `npm run demo` is `thhe demo`.
import { enableCompileCache } from 'node:module'
import { main } from './main.ts'

enableCompileCache()
await main(['demo', ...process.argv.slice(2)])
