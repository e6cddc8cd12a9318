// `m-graph`: draws the nodes and edges that its JSON names; the list that it holds says the same.
import { mount, unmount } from 'svelte'
import Graph from './Graph.svelte'
import { canvas, facts } from './place.js'

export default class GraphElement extends HTMLElement {
  #drawing
  #seen = ''
  /** Settles when all is drawn. */
  drawn

  connectedCallback() {
    this.update()
  }

  disconnectedCallback() {
    if (this.#drawing) unmount(this.#drawing)
    this.#drawing = undefined
    this.#seen = ''
  }

  /** Draw what has changed. */
  update() {
    const text = facts(this)
    if (!text || text === this.#seen) return
    this.#seen = text
    const place = canvas(this)
    this.#drawing ??= mount(Graph, { target: place, props: { label: this.getAttribute('label') || 'Graph' } })
    this.drawn = this.#drawing.show(JSON.parse(text))
  }
}
