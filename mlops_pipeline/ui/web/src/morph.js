// Changes a page into its next state, and leaves alone what the reader or an element has made of it.
import htmx from 'htmx.org'
import { DRAWN, canvas } from './place.js'

/** Return the functions that change the page. */
export function morphing(draw) {
  let inside
  Object.assign(htmx.config, { morphSkip: `.${DRAWN}`, includeIndicatorCSS: false })
  htmx.registerExtension('islands', {
    init: (api) => void (inside = api),
    htmx_before_morph_node: (_, { oldNode, newNode }) => {
      // So that it is left where it is.
      if (oldNode.querySelector?.(`:scope > .${DRAWN}`)) canvas(newNode)
      oldNode.dress?.(newNode)
    },
    // Whether a list is open is the reader's.
    htmx_before_morph_attr: (element, { attrName }) =>
      !(attrName === 'open' && element.tagName === 'DETAILS'),
  })
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[data-step]')
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    step(link.href)
  })
  addEventListener('popstate', () => step(location.href, false))

  /** Change the page into a state of it that stands at another address. */
  async function step(address, kept = true) {
    const answer = await fetch(address).catch(() => null)
    if (!answer?.ok) return void location.assign(address)
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    if (kept) history.pushState(null, '', address)
    document.title = page.title
    morph(document.getElementById('main'), page.getElementById('main'))
  }

  /** Change an element into another one. */
  function morph(before, after) {
    const fragment = document.createDocumentFragment()
    fragment.append(document.importNode(after, true))
    inside.morph(before, fragment, false)
    draw()
  }

  return { morph, step }
}
