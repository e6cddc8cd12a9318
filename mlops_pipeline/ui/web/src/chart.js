// `m-chart`: draws the table that it holds, by the Vega-Lite that stands beside it.
import * as vega from 'vega'
import { expressionInterpreter } from 'vega-interpreter'
import { compile } from 'vega-lite'
import { canvas, facts } from './place.js'

const ROWS = 'rows'
const refuse = () => Promise.reject(new Error('charts load nothing'))
const loader = { load: refuse, sanitize: refuse, http: refuse, file: refuse }
const dark = matchMedia('(prefers-color-scheme: dark)')

export default class Chart extends HTMLElement {
  #view
  #seen = ''
  #again = () => this.update(true)

  connectedCallback() {
    dark.addEventListener('change', this.#again)
    this.update()
  }

  disconnectedCallback() {
    dark.removeEventListener('change', this.#again)
    this.#view?.finalize()
    this.#view = undefined
    this.#seen = ''
  }

  /** Draw what has changed in the table; all of it if asked to. */
  update(all = false) {
    const spec = facts(this)
    const table = this.querySelector('table')
    if (!spec || !table) return
    const rows = read(table)
    const now = JSON.stringify(rows)
    if (this.#view && !all && now === this.#seen && spec === this.spec) return
    this.#seen = now
    if (this.#view && !all && spec === this.spec) {
      this.#view.change(ROWS, vega.changeset().remove(() => true).insert(rows)).runAsync()
      return
    }
    this.spec = spec
    try {
      this.#draw(JSON.parse(spec), rows, table)
    } catch (error) {
      return void (canvas(this).textContent = `This is not drawn: ${error.message}. The table says it.`)
    }
    // The table stays at hand, below what is drawn of it.
    if (!all) this.querySelector(':scope > details')?.removeAttribute('open')
  }

  #draw(spec, rows, table) {
    this.#view?.finalize()
    const name = table.closest('[aria-label]')?.ariaLabel || this.querySelector('summary')?.textContent
    const whole = { description: name || 'Chart', ...spec, data: { name: ROWS, values: rows } }
    const config = { ...colours(), ...spec.config }
    const place = canvas(this)
    const parsed = vega.parse(compile(whole, { config, logger: vega.logger(vega.Error) }).spec, null, { ast: true })
    const options = { expr: expressionInterpreter, renderer: 'svg', container: place, hover: true, loader }
    this.#view = new vega.View(parsed, { ...options, logLevel: vega.Error })
    // The picture has a name, and the table its facts: of marks one would only hear that they are there.
    this.#view.runAsync().then(() => place.querySelector('svg')?.setAttribute('aria-hidden', 'true'))
  }
}

/** Return the rows of a table: a number is the value of `data`, an empty cell is null. */
export function read(table) {
  const fields = [...table.tHead.rows[0].cells].map((cell) => cell.dataset.field)
  return [...table.tBodies[0].rows].map((row) =>
    Object.fromEntries([...row.cells].flatMap((cell, i) => (fields[i] ? [[fields[i], value(cell)]] : []))),
  )
}

function value(cell) {
  if (cell.dataset.value !== undefined) return cell.dataset.value
  const number = cell.querySelector('data')
  if (number) return Number(number.value)
  return cell.textContent.trim() || null
}

function colours() {
  const style = getComputedStyle(document.documentElement)
  const shown = document.createElement('span')
  document.body.append(shown)
  const of = (name) => {
    // Charts know no `light-dark()`: the browser says what it is here.
    shown.style.color = style.getPropertyValue(name)
    return getComputedStyle(shown).color
  }
  const [text, soft, line] = ['--text', '--soft', '--line'].map(of)
  const range = ['--good', '--reused', '--bad', '--busy', '--warn', '--soft'].map(of)
  shown.remove()
  const axis = { labelColor: text, titleColor: text, domainColor: soft, tickColor: soft, gridColor: line }
  return {
    background: null,
    font: 'system-ui, sans-serif',
    autosize: { type: 'fit-x', contains: 'padding' },
    axis: { ...axis, labelLimit: 160 },
    legend: { labelColor: text, titleColor: text },
    title: { color: text },
    view: { stroke: null },
    range: { category: range },
    mark: { tooltip: true },
  }
}
