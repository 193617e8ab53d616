// Elements of the page. Text from files only ever becomes text, never HTML.

/** Create an element with properties, attributes in `attributes`, and children that are elements or text. */
export function create(name, properties = {}, ...children) {
    const { attributes = {}, ...rest } = properties
    const element = Object.assign(document.createElement(name), rest)
    for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value)
    element.append(...children.filter((child) => child !== null && child !== undefined))
    return element
}
