import { busFaults } from '../../kit/bus/faults.ts'
import { kafkaSubject } from './given.ts'

busFaults(kafkaSubject)
