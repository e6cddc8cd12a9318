// `m-table`: lets readers sort the table that it holds; its rows stay the ones of the page.
import {
  constructTable,
  createSortedRowModel,
  rowSortingFeature,
  sortFn_alphanumeric,
  tableFeatures,
} from '@tanstack/table-core'
import { storeReactivityBindings } from '@tanstack/table-core/store-reactivity-bindings'

const FEWEST = 3
const compare = (a, b, id) => {
  const [left, right] = [a.getValue(id), b.getValue(id)]
  return typeof left === 'number' && typeof right === 'number' ? left - right : sortFn_alphanumeric(a, b, id)
}
const features = tableFeatures({
  coreReactivityFeature: storeReactivityBindings(),
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
})

export default class Table extends HTMLElement {
  #by = null

  connectedCallback() {
    this.addEventListener('click', this)
    this.update()
  }

  disconnectedCallback() {
    this.removeEventListener('click', this)
  }

  handleEvent(event) {
    const heading = event.target.closest('button.sort')?.closest('th')
    if (!heading) return
    const column = heading.cellIndex
    const desc = this.#by?.column === column && !this.#by.desc
    this.#by = { column, desc }
    this.update()
  }

  /** Make the headings of this table buttons, and put its rows into the order that was asked for. */
  update() {
    this.dress(this)
    const body = this.querySelector('tbody')
    if (!this.#by || !body) return
    const rows = this.#sorted([...body.rows])
    if (rows.some((row, i) => row !== body.rows[i])) body.append(...rows)
  }

  /** Give a table of the server's the headings that this one has. */
  dress(root) {
    const body = root.querySelector('tbody')
    if (!body || body.rows.length < FEWEST) return
    for (const cell of root.querySelectorAll('thead th')) {
      if (!cell.textContent.trim()) continue
      if (!cell.querySelector('button')) {
        const button = document.createElement('button')
        button.type = 'button'
        button.className = 'sort'
        button.append(...cell.childNodes)
        cell.append(button)
      }
      const { column, desc } = this.#by ?? {}
      if (cell.cellIndex === column) cell.setAttribute('aria-sort', desc ? 'descending' : 'ascending')
      else cell.removeAttribute('aria-sort')
    }
  }

  #sorted(rows) {
    const { column, desc } = this.#by
    const table = constructTable({
      features,
      data: rows,
      columns: [{ id: 'by', accessorFn: (row) => value(row.cells[column]), sortFn: compare, sortUndefined: 'last' }],
      initialState: { sorting: [{ id: 'by', desc }] },
    })
    return table.getRowModel().rows.map((row) => row.original)
  }
}

function value(cell) {
  if (!cell) return undefined
  const number = cell.querySelector('data')
  if (number) return Number(number.value)
  const time = cell.querySelector('time')
  const text = time ? time.dateTime : cell.textContent.trim()
  if (!text || text === '–' || text === '-') return undefined
  const plain = text.replaceAll(',', '')
  return /^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : text
}
