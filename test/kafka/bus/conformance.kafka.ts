import { busConformance } from '../../kit/bus/conformance.ts'
import { kafkaSubject } from './given.ts'

busConformance(kafkaSubject)
