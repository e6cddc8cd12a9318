// Defines the custom elements of a page, each of which draws what its own HTML says, and lets pages
// change in place. What a page does not hold is not loaded.
import { morphing } from './morph.js'

const ELEMENTS = {
  'm-chart': () => import('./chart.js'),
  'm-graph': () => import('./graph.js'),
  'm-table': () => import('./table.js'),
}

/** Load what draws the elements that the page holds now, and let those draw that have changed. */
async function draw() {
  for (const [name, load] of Object.entries(ELEMENTS)) {
    const found = [...document.querySelectorAll(name)]
    if (!found.length) continue
    if (!customElements.get(name)) {
      const { default: kind } = await load()
      if (!customElements.get(name)) customElements.define(name, kind)
    }
    for (const element of found) element.update?.()
  }
}

globalThis.mlops = { draw, ...morphing(draw) }
draw()
