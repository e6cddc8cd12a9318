import dagre from '@dagrejs/dagre'

self.onmessage = ({ data: { id, size, nodes, edges } }) => {
  const graph = new dagre.graphlib.Graph()
  graph.setGraph({ rankdir: 'LR', nodesep: 18, ranksep: 50, marginx: 8, marginy: 8 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const node of nodes) graph.setNode(node, { ...size })
  for (const { from, to } of edges) if (graph.hasNode(from) && graph.hasNode(to)) graph.setEdge(from, to)
  dagre.layout(graph)
  const { width = 0, height = 0 } = graph.graph()
  const places = Object.fromEntries(
    nodes.map((node) => {
      const { x, y } = graph.node(node)
      return [node, { x: x - size.width / 2, y: y - size.height / 2 }]
    }),
  )
  self.postMessage({ id, places, width, height })
}
