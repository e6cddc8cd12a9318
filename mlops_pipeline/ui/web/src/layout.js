// Finds places for nodes, in a worker: a page never waits for it.
const asked = new Map()
// At once, so that it is there when the first graph is.
let worker = started()
let count = 0

/** Return the place of each node, and the size of the whole. */
export function layout(nodes, edges, size) {
  const id = ++count
  return new Promise((resolve, reject) => {
    asked.set(id, { resolve, reject })
    worker.postMessage({ id, size, nodes: nodes.map((node) => node.id), edges })
  })
}

function started() {
  const made = new Worker(new URL('./layout.worker.js', import.meta.url), { type: 'module' })
  made.onmessage = ({ data }) => {
    asked.get(data.id)?.resolve(data)
    asked.delete(data.id)
  }
  made.onerror = (event) => {
    for (const each of asked.values()) each.reject(new Error(event.message || 'no layout'))
    asked.clear()
  }
  return made
}
