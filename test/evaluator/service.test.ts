import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EvaluationDocument, evaluationIdOf } from '../../schemas/evaluation.ts'
import { PromotionPolicy } from '../../schemas/job-type.ts'
import { digestOf } from '../../schemas/words.ts'
import { evaluator } from '../../services/evaluator/main.ts'
import { unavailable } from '../../services/kit/errors.ts'
import { judge } from '../../services/promoter/verdict/judge.ts'
import { testDatabase } from '../harness/database.ts'
import { type TestKit, testKit } from '../harness/kit.ts'
import { rightly, rowsOf } from './given.ts'
import { succeeded } from './succeeded.ts'

const exam = [...rowsOf('a', 15), ...rowsOf('b', 15)]
const train = [...rowsOf('a', 20, 'a-train'), ...rowsOf('b', 20, 'b-train')]
const first = { run: 'run-aaaaaaaaaa', generation: 1, exam, train, answer: rightly }

async function evaluations(kit: TestKit) {
  return (await kit.emitted()).filter((event) => event.name === 'model.evaluated')
}

async function documentOf(kit: TestKit, index = 0): Promise<EvaluationDocument> {
  const event = (await evaluations(kit))[index]
  assert.ok(event)
  return EvaluationDocument.parse(JSON.parse(String(await kit.blobs.read(event.data.document))))
}

async function workAll(kit: TestKit): Promise<void> {
  while ((await kit.work('evaluations')) !== undefined);
}

describe('the evaluator', () => {
  test('makes one evaluation of a run that succeeded, stores it, and says where it is', async (t) => {
    const kit = await testKit(t, evaluator)
    const data = await succeeded(kit.blobs, first)
    await kit.deliver([{ name: 'run.succeeded', data }])
    await workAll(kit)

    const [said, ...more] = await evaluations(kit)
    assert.ok(said)
    assert.deepEqual(more, [])
    assert.equal(said.data.evaluation, evaluationIdOf(data.run, null))
    assert.deepEqual([said.data.accuracy, said.data.examRows, said.data.champion], [1, 30, null])
    assert.equal(said.data.promotionPolicy, data.promotionPolicy)
    const document = await documentOf(kit)
    assert.equal(document.candidate.model, data.model.digest)
    assert.equal(document.candidate.accuracy, 1)
  })

  test('a redelivered success, and a second look, change nothing', async (t) => {
    const kit = await testKit(t, evaluator)
    const data = await succeeded(kit.blobs, first)
    await kit.deliver([
      { name: 'run.succeeded', data },
      { name: 'run.succeeded', data },
    ])
    await workAll(kit)
    await kit.deliver([{ name: 'run.succeeded', data }])
    await workAll(kit)
    assert.equal((await evaluations(kit)).length, 1)
  })

  test('compares with the champion on the rows that it was not trained on, and by the labels of its own exam', async (t) => {
    const kit = await testKit(t, evaluator)
    const champion = await succeeded(kit.blobs, first)
    const moved = exam.map((row, index) => (index < 5 ? { ...row, intent: 'b' } : row))
    const learnt = [...moved, ...rowsOf('a', 3, 'a-train')]
    const candidate = await succeeded(kit.blobs, {
      run: 'run-bbbbbbbbbb',
      generation: 2,
      exam: learnt,
      train,
      answer: rightly,
      champion: { of: champion, sequence: 1, answer: ({ id }) => id.slice(0, 1) },
    })
    await kit.deliver([
      { name: 'run.succeeded', data: champion },
      { name: 'run.succeeded', data: candidate },
    ])
    await workAll(kit)

    const document = await documentOf(kit, 1)
    assert.equal(document.comparison?.leftOut.trainedByChampion, 3)
    assert.deepEqual(document.comparison.relabelled, [{ from: 'a', to: 'b', rows: 5 }])
    assert.equal(document.comparison.championExam, champion.dataset.examLabels)
    assert.equal(document.comparison.sharedIntents.difference, 0)
    const said = (await evaluations(kit))[1]
    assert.equal(said?.data.champion?.sequence, 1)
    assert.equal(said?.data.difference?.estimate, 0)
  })

  test('answers that are missing, repeated, of unknown texts or no answers at all count as wrong and break nothing', async (t) => {
    const kit = await testKit(t, evaluator)
    const good = await succeeded(kit.blobs, first)
    const bad = [
      '{"id":"a-0","intent":"a","confidence":0.9,"top":[]}',
      '{"id":"a-1","intent":"a","confidence":0.9,"top":[]}',
      '{"id":"a-1","intent":"a","confidence":0.9,"top":[]}',
      '{"id":"a-2","intent":"a","confidence":7,"top":[]}',
      '{"id":"nobody asked","intent":"a","confidence":0.9,"top":[]}',
      'no json',
    ]
    const { digest } = await kit.blobs.put(Buffer.from(bad.join('\n')))
    await kit.deliver([{ name: 'run.succeeded', data: { ...good, answers: digest } }])
    await workAll(kit)
    const { candidate } = await documentOf(kit)
    assert.equal(candidate.unanswered, 29)
    assert.equal(candidate.accuracy, 0.0333333)
  })

  test('killed after the document is stored, it makes the same bytes again', async (t) => {
    const stored: string[] = []
    let crash = true
    const kit = await testKit(t, evaluator, {
      async point(name) {
        if (name !== 'evaluator.document.stored') return
        const rows = await kit.database.query<{ digest: string }>('select digest from blobs.blobs order by digest')
        stored.push(rows.map(({ digest }) => digest).join())
        if (!crash) return
        crash = false
        // What does not commit might as well have died.
        throw unavailable('the connection broke')
      },
    })
    await kit.deliver([{ name: 'run.succeeded', data: await succeeded(kit.blobs, first) }])
    await assert.rejects(workAll(kit))
    await workAll(kit)
    assert.equal(stored.length, 2)
    assert.equal(stored[0], stored[1])
    assert.equal((await evaluations(kit)).length, 1)
  })

  test('two replicas that look at the same time make each evaluation once', async (t) => {
    const database = await testDatabase(t, [evaluator])
    const kit = await testKit(t, evaluator, { database })
    const other = await testKit(t, evaluator, { database })
    const runs = await Promise.all(
      ['c', 'd', 'e', 'f', 'g', 'h'].map((letter) =>
        succeeded(kit.blobs, { ...first, run: `run-${letter.repeat(10)}`, bot: `bot-${letter}` }),
      ),
    )
    await kit.deliver(runs.map((data) => ({ name: 'run.succeeded', data })))
    await Promise.all([workAll(kit), workAll(other), workAll(kit), workAll(other)])
    const said = (await evaluations(kit)).map(({ data }) => data.run)
    assert.deepEqual(said.toSorted(), runs.map(({ run }) => run).toSorted())
  })

  test('a run whose blobs are not there holds up no other, is tried again, and its age can be asked', async (t) => {
    const kit = await testKit(t, evaluator)
    const good = await succeeded(kit.blobs, { ...first, run: 'run-bbbbbbbbbb', generation: 2 })
    const lost = await succeeded(kit.blobs, first)
    await kit.deliver([
      { name: 'run.succeeded', data: { ...lost, answers: digestOf('never stored') } },
      { name: 'run.succeeded', data: good },
    ])
    await workAll(kit)
    assert.deepEqual(
      (await evaluations(kit)).map(({ data }) => data.run),
      [good.run],
    )
    const [row] = await kit.database.query<{ failures: number; later: boolean }>(
      `select failures, due_at > now() as later from evaluator.evaluations where state = 'pending'`,
    )
    assert.deepEqual(row, { failures: 1, later: true })
    const metrics = await kit.inject({ method: 'GET', url: '/metrics' })
    assert.match(metrics.body, /trainyard_evaluations_pending_oldest_seconds (?!0\n)\d/)
  })

  test('a champion whose part is no longer stored is not compared, and it is said why: the candidate has its figures', async (t) => {
    const kit = await testKit(t, evaluator)
    const champion = await succeeded(kit.blobs, first)
    const of = { ...champion, dataset: { ...champion.dataset, train: digestOf('collected') } }
    const data = await succeeded(kit.blobs, {
      ...first,
      run: 'run-bbbbbbbbbb',
      generation: 2,
      champion: { of, sequence: 1, answer: rightly },
    })
    await kit.deliver([{ name: 'run.succeeded', data }])
    await workAll(kit)
    const document = await documentOf(kit)
    assert.equal(document.candidate.accuracy, 1)
    assert.equal(document.comparison, null)
    assert.ok(document.champion?.answered === false)
    assert.match(document.champion.reason, /no longer stored: there is no blob sha256:/)
  })

  test('I6: a run that cannot be evaluated is tried for some minutes, then it is said in words, once', async (t) => {
    const kit = await testKit(t, evaluator)
    const lost = digestOf('never stored')
    const champion = await succeeded(kit.blobs, first)
    const data = await succeeded(kit.blobs, {
      ...first,
      run: 'run-bbbbbbbbbb',
      generation: 2,
      champion: { of: champion, sequence: 1, answer: rightly },
    })
    await kit.deliver([{ name: 'run.succeeded', data: { ...data, answers: lost } }])
    const pauses: number[] = []
    while ((await evaluations(kit)).length === 0) {
      assert.ok(pauses.length < 20, 'it is tried for ever')
      await workAll(kit)
      const rows = await kit.database.query<{ seconds: number }>(
        `select extract(epoch from due_at - now()) as seconds from evaluator.evaluations where state = 'pending'`,
      )
      pauses.push(...rows.map(({ seconds }) => Math.round(seconds)))
      await kit.database.execute('update evaluator.evaluations set due_at = now()')
    }
    assert.deepEqual(pauses, [2, 4, 8, 16, 32, 64, 128])
    await kit.deliver([{ name: 'run.succeeded', data: { ...data, answers: lost } }])
    await workAll(kit)
    const [said, ...more] = await evaluations(kit)
    assert.deepEqual(more, [])
    assert.deepEqual([said?.data.run, said?.data.examRows, said?.data.difference], [data.run, 0, null])
    const document = await documentOf(kit)
    assert.equal(document.exam.unmarked, `there is no blob ${lost}`)
    assert.deepEqual([document.candidate.rows, document.champion?.answered], [0, false])
    const verdict = judge(document, PromotionPolicy.parse({}), { fence: 0, pinned: false, championSequence: 1 })
    assert.deepEqual([verdict.verdict, verdict.rule], ['hold', 'measured'])
  })

  test('however often an evaluation has failed, a failure more is no trouble', async (t) => {
    const kit = await testKit(t, evaluator, {
      async point(name) {
        if (name === 'evaluator.document.stored') throw new Error('a fault of ours')
      },
    })
    await kit.deliver([{ name: 'run.succeeded', data: await succeeded(kit.blobs, first) }])
    await kit.database.execute('update evaluator.evaluations set failures = 5000')
    await workAll(kit)
    const [row] = await kit.database.query<{ failures: number; later: boolean }>(
      'select failures, due_at > now() as later from evaluator.evaluations',
    )
    assert.deepEqual(row, { failures: 5_001, later: true })
  })
})
