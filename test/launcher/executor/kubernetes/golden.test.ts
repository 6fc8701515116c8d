/** To write the files anew after a change that is meant: TRAINYARD_WRITE_GOLDEN=1 node --test, and read the difference. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { parse, stringify } from 'yaml'
import { buildJob } from '../../../../services/launcher/executor/kubernetes/job.ts'
import { cases } from './cases.ts'
import { settings } from './given.ts'

const folder = new URL('golden/', import.meta.url)
const fileOf = (name: string): URL => new URL(`${name}.yaml`, folder)

describe('the Job of an attempt is byte for byte what the file says:', () => {
  for (const [name, [attempt, more]] of Object.entries(cases)) {
    test(name, () => {
      const job = buildJob(attempt, { ...settings, ...more })
      // A text that holds no anchors reads as what is sent, and two fields that share a value are written twice.
      const text = stringify(job, { aliasDuplicateObjects: false, lineWidth: 0 })
      assert.deepEqual(parse(text), JSON.parse(JSON.stringify(job)))
      if (process.env['TRAINYARD_WRITE_GOLDEN'] !== undefined) writeFileSync(fileOf(name), text)
      assert.equal(text, readFileSync(fileOf(name), 'utf8'))
    })
  }

  test('and there is no file that nothing is compared with', () => {
    const files = readdirSync(folder).map((file) => file.replace('.yaml', ''))
    assert.deepEqual(files.sort(), Object.keys(cases).sort())
  })
})
