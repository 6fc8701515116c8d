import { readClinc } from './clinc.ts'
import { type Measured, measure } from './program.ts'
import { quantile, type Row } from './rows.ts'

const seeds = [1, 2, 3]

/** `wide` on CLINC150 full: learns from the official training part, out-of-scope examples included, sits the official test. */
export async function benchTrainer(): Promise<Row[]> {
  const clinc = readClinc('full')
  const measured: Measured[] = []
  if (clinc === undefined) return []
  for (const seed of seeds)
    measured.push(await measure({ program: 'wide', train: clinc.train, exam: clinc.test, seed }))
  return rowsOf(measured)
}

function rowsOf(measured: readonly Measured[]): Row[] {
  const median = (pick: (one: Measured) => number): number => quantile(measured.map(pick), 0.5)
  const percent = (figure: string, pick: (one: Measured) => number, target = ''): Row => {
    return { figure: `wide on CLINC150 full: ${figure}`, value: 100 * median(pick), unit: '%', target }
  }
  const amount = (figure: string, unit: string, pick: (one: Measured) => number, target = ''): Row => {
    return { figure: `wide on CLINC150 full: ${figure}`, value: median(pick), unit, target }
  }
  return [
    percent('in-scope accuracy', (one) => one.inScopeAccuracy, '≥ 91'),
    percent('macro F1', (one) => one.macroF1),
    percent('out-of-scope recall', (one) => one.outOfScopeRecall),
    amount('out-of-scope AUROC', '', (one) => one.outOfScopeAuroc),
    percent('calibration error, 15 bins', (one) => one.calibrationError),
    amount('training', 's', (one) => one.trainSeconds, '≤ 30'),
    amount('memory', 'MB', (one) => one.trainMegabytes, '≤ 600'),
    amount('answering 5,500 texts', 's', (one) => one.predictSeconds),
  ]
}
