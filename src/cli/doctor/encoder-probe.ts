// Run by the check of encoders as a process of its own; prints what it finds as JSON.
import { probeEncoders } from '../../../encoder/index.ts'

process.stdout.write(JSON.stringify(await probeEncoders()), () => process.exit(0))
