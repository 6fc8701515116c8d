/** CLINC150 as a bot of its own. */

import { existsSync, readFileSync } from 'node:fs'

// Larson et al. 2019, CC BY 3.0; read in place, never copied into this repository.
const file = new URL('../../../shared/data/clinc150/data_full.json', import.meta.url)

/** Why a test that needs the data set is skipped; false where it is there. */
export const withoutClinc = existsSync(file)
  ? false
  : 'the data set is not on this machine: shared/data/clinc150 beside the repository'

export const clincConfiguration = (program: string, hyperparameters = '{}'): string => `jobTypes:
  intents:
    program: { command: [node, services/trainer/main.ts, ${program}] }
    hyperparameters: ${hyperparameters}
triggers:
  - { name: bot-edited, topic: bot.events, when: { type: bot.updated }, jobType: intents,
      bot: /data/botId, dataset: /data/dataset/uri, digest: /data/dataset/digest, revision: /data/revision }
`

type Pair = [text: string, intent: string]

/** The official split, said with each row: the training part as it is, the test part as the exam. */
export function officialDataset(): string {
  const data = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Pair[]>
  const rowsOf = (part: string, split: string, outOfScope: boolean) =>
    (data[part] ?? []).map(([text, intent]) => ({ text, intent: outOfScope ? null : intent, split }))
  // A few texts stand in both parts; as training texts they would not be an exam.
  const trained = [...rowsOf('train', 'train', false), ...rowsOf('oos_train', 'train', true)]
  const known = new Set(trained.map(({ text }) => text.toLowerCase()))
  const asked = [...rowsOf('test', 'held-out', false), ...rowsOf('oos_test', 'held-out', true)]
  const rows = [...trained, ...asked.filter(({ text }) => !known.has(text.toLowerCase()))]
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}
