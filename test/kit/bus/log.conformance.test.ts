import { busConformance } from './conformance.ts'
import { logSubject } from './log-subject.ts'

busConformance(logSubject)
