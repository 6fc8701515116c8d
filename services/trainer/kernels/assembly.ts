/**
 * Just enough of an assembler for WebAssembly: loops over arrays of numbers, four at a time (SIMD), and the rest one by
 * one. A kernel is written once, as a formula over lanes, and comes out for both.
 *
 * https://webassembly.github.io/spec/core/binary/ has the bytes.
 */

export type Code = readonly number[]

/** Arithmetic on as many numbers as stand side by side in a lane. An address is that of the first. */
export type Lanes = {
  count: number
  load(address: Code): Code
  store(address: Code, value: Code): Code
  add(left: Code, right: Code): Code
  subtract(left: Code, right: Code): Code
  multiply(left: Code, right: Code): Code
  divide(left: Code, right: Code): Code
  squareRoot(value: Code): Code
  /** One number, in every place. */
  spread(value: Code): Code
}

const pair =
  (...operation: Code) =>
  (left: Code, right: Code): Code => [...left, ...right, ...operation]

const single =
  (...operation: Code) =>
  (value: Code): Code => [...value, ...operation]

const simd = 0xfd
/** As aligned as 4 bytes; no offset. */
const placed = [2, 0]

const four: Lanes = {
  count: 4,
  load: single(simd, 0x00, ...placed),
  store: pair(simd, 0x0b, ...placed),
  add: pair(simd, 0xe4, 0x01),
  subtract: pair(simd, 0xe5, 0x01),
  multiply: pair(simd, 0xe6, 0x01),
  divide: pair(simd, 0xe7, 0x01),
  squareRoot: single(simd, 0xe3, 0x01),
  spread: single(simd, 0x13),
}

const one: Lanes = {
  count: 1,
  load: single(0x2a, ...placed),
  store: pair(0x38, ...placed),
  add: pair(0x92),
  subtract: pair(0x93),
  multiply: pair(0x94),
  divide: pair(0x95),
  squareRoot: single(0x91),
  spread: (value) => value,
}

export function constant(value: number): Code {
  return [0x43, ...new Uint8Array(Float32Array.of(value).buffer)]
}

export type Kernel = {
  /** How many arrays, and how many single numbers, it takes. */
  arrays: number
  numbers: number
  /** What is done in each place. */
  formula(lanes: Lanes, arrays: readonly Code[], numbers: readonly Code[]): Code
}

const sections = { types: 1, imports: 2, functions: 3, exports: 7, code: 10 }
const [integer, float] = [0x7f, 0x7d]
/** With a limit, as a shared memory must be. */
const shared = 3
/** As many as addresses reach. */
const mostPages = 65_536

/**
 * A module that imports a memory, which threads may share, and exports each kernel: a function of the arrays' addresses,
 * their length and the numbers.
 */
export function assemble(kernels: Readonly<Record<string, Kernel>>): Uint8Array<ArrayBuffer> {
  const all = Object.values(kernels)
  const types = all.map(({ arrays, numbers }) => [0x60, ...list(parameters(arrays, numbers)), 0])
  const memory = [...text('room'), ...text('memory'), 0x02, shared, 0, ...unsigned(mostPages)]
  const names = Object.keys(kernels).map((name, index) => [...text(name), 0, index])
  const bodies = all.map((kernel) => sized([0, ...bodyOf(kernel), end]))
  return Uint8Array.from([
    ...[0x00, ...Buffer.from('asm'), 1, 0, 0, 0],
    ...section(sections.types, types),
    ...section(sections.imports, [memory]),
    ...section(sections.functions, [...types.keys()].map(unsigned)),
    ...section(sections.exports, names),
    ...section(sections.code, bodies),
  ])
}

function parameters(arrays: number, numbers: number): Code[] {
  return [...Array<Code>(arrays + 1).fill([integer]), ...Array<Code>(numbers).fill([float])]
}

const end = 0x0b
const nothing = 0x40

function bodyOf({ arrays, numbers, formula }: Kernel): Code {
  const local = (index: number): Code => [0x20, index]
  const addresses = Array.from({ length: arrays }, (_, index) => local(index))
  const singles = Array.from({ length: numbers }, (_, index) => local(arrays + 1 + index))
  const moved = (index: number, operation: number, by: number): Code => [
    ...local(index),
    ...[0x41, by],
    operation,
    ...[0x21, index],
  ]
  const [plus, minus, isLess, leaveIf, again] = [0x6a, 0x6b, 0x48, 0x0d, 0x0c]
  return [four, one].flatMap((lanes) => [
    ...[0x02, nothing, 0x03, nothing],
    ...[...local(arrays), 0x41, lanes.count, isLess, leaveIf, 1],
    ...formula(lanes, addresses, singles.map(lanes.spread)),
    ...addresses.flatMap((_, index) => moved(index, plus, 4 * lanes.count)),
    ...moved(arrays, minus, lanes.count),
    ...[again, 0, end, end],
  ])
}

function section(id: number, items: readonly Code[]): Code {
  return [id, ...sized(list(items))]
}

function list(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()]
}

function sized(code: Code): Code {
  return [...unsigned(code.length), ...code]
}

function text(characters: string): Code {
  return sized([...Buffer.from(characters)])
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 128 ? [value] : [(value % 128) + 128, ...unsigned(Math.floor(value / 128))]
}
