// How a script talks with its test: see the package comment in doc.go.
import assert from 'node:assert/strict'
import readline from 'node:readline'

// config is what the test says at the start.
export const config = JSON.parse(process.argv[2])

const answers = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()

function say(line) {
  process.stdout.write(JSON.stringify(line) + '\n')
}

// visit lets a person open an address and fill in what is asked, until the browser would open an
// address that begins with until, or without one until nothing more is asked. It returns where that is.
export async function visit(address, until = '') {
  say({ visit: String(address), until })
  const { value, done } = await answers.next()
  assert(!done, 'the test hung up')
  return new URL(JSON.parse(value).at)
}

// step runs one part and tells the test that it passed.
export async function step(name, part) {
  try {
    const result = await part()
    say({ passed: name })
    return result
  } catch (error) {
    error.message = `${name}: ${error.message}`
    throw error
  }
}
