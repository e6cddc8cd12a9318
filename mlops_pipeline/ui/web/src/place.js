// The HTML of an element: the JSON that stands in it, and the place that it draws in.

/** The class of what an element has drawn: it stands in no answer of the server. */
export const DRAWN = 'drawn'

/** Return the JSON that stands in an element. */
export function facts(element) {
  return element.querySelector(':scope > script[type="application/json"]')?.textContent ?? ''
}

/** Return the place that an element draws in, made if there is none. */
export function canvas(element) {
  let found = element.querySelector(`:scope > .${DRAWN}`)
  if (!found) {
    found = document.createElement('div')
    found.className = DRAWN
    element.prepend(found)
  }
  return found
}
