import { busFaults } from './faults.ts'
import { logSubject } from './log-subject.ts'

busFaults((t) => logSubject(t, { batchSize: 500 }))
