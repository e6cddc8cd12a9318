// Builds the islands of the web pages: node build.mjs [FOLDER], where FOLDER keeps the packages.
// Does nothing where they are built already. Says in one line why they cannot be.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const built = join(here, '../static/built')
const work = resolve(process.argv[2] ?? here)
const ENTRY = 'islands.js'
const PACKAGES = ['package.json', 'package-lock.json']
const SOURCES = ['vite.config.js', ...readdirSync(join(here, 'src')).sort().map((name) => join('src', name))]

function digest(files) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(join(here, file))).update('\0')
  return hash.digest('hex')
}

function stop(why) {
  console.log(`the drawings of the web pages are not built, lists and tables stand for them: ${why}`)
  process.exit(1)
}

function has(file, text) {
  return existsSync(file) && readFileSync(file, 'utf8') === text
}

function run(command, ...argv) {
  const done = spawnSync(command, argv, { cwd: work, encoding: 'utf8' })
  if (done.error) stop(`${command}: ${done.error.message}`)
  if (!done.status) return
  const lines = `${done.stdout}\n${done.stderr}`.trim().split('\n')
  stop(lines.find((line) => /error/i.test(line)) ?? lines.at(-1))
}

const stamp = join(built, 'stamp.txt')
const whole = digest([...PACKAGES, ...SOURCES])
if (has(stamp, whole) && existsSync(join(built, ENTRY))) process.exit(0)
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) stop(`they need Node 20.19 or newer, and this is ${process.version}`)

mkdirSync(work, { recursive: true })
if (work !== here) {
  rmSync(join(work, 'src'), { recursive: true, force: true })
  for (const file of [...PACKAGES, ...SOURCES]) cpSync(join(here, file), join(work, file))
}
const installed = join(work, 'node_modules', 'stamp.txt')
const packages = digest(PACKAGES)
if (!has(installed, packages)) {
  run('npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund')
  writeFileSync(installed, packages)
}
const made = join(work, 'built')
run(process.execPath, 'node_modules/vite/bin/vite.js', 'build', '--outDir', made, '--emptyOutDir', '--logLevel', 'error')

// A server may be reading them: what is named by the entry is there before it, and goes after it.
mkdirSync(built, { recursive: true })
const files = readdirSync(made)
for (const file of [...files.filter((name) => name !== ENTRY), ENTRY]) copyFileSync(join(made, file), join(built, file))
for (const file of readdirSync(built)) if (!files.includes(file)) rmSync(join(built, file))
writeFileSync(stamp, whole)
