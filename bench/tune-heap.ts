// To be imported first: sets a node's heap limits before the nursery grows under the loading of everything else.
import { tuneHeap } from '../src/node/heap.ts'

tuneHeap()
