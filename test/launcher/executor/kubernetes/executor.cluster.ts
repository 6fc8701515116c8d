import { executorConformance } from '../conformance.ts'
import { kubernetesSubject } from './subject.ts'

executorConformance((t) => kubernetesSubject(t))
