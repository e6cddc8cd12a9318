// Defines the custom elements of a page, each of which draws what its own HTML says, and lets pages
// change in place. What a page does not hold is not loaded.
import { morphing } from './morph.js'

const ELEMENTS = {
  'm-graph': () => import('./graph.js'),
  'm-chart': () => import('./chart.js'),
  'm-table': () => import('./table.js'),
}

/** Load what draws the elements that the page holds now, and let those draw that have changed. */
async function draw() {
  // One kind after the other: graphs are not to wait for what charts load.
  for (const [name, load] of Object.entries(ELEMENTS)) await drawAll(name, load)
}

async function drawAll(name, load) {
  const found = [...document.querySelectorAll(name)]
  if (!found.length) return
  if (!customElements.get(name)) {
    const { default: kind } = await load()
    if (!customElements.get(name)) customElements.define(name, kind)
  }
  for (const element of found) element.update?.()
  await Promise.all(found.map((element) => element.drawn))
}

globalThis.mlops = { draw, ...morphing(draw) }
draw()
