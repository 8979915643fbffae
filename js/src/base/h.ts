// Elements without a framework. Text is only ever inserted as text: there is no way to pass markup.

type Child = Node | string | number | null | undefined | false;
export type Children = Child | readonly Child[];
export type Attributes = Record<string, unknown>;

const SVG = "http://www.w3.org/2000/svg";

/** Make an HTML element; a text for its attributes is its class; `onclick` and the like become listeners, null and false leave an attribute out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes?: Attributes | string | null,
  ...children: Children[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (typeof attributes === "string") made.className = attributes;
  else for (const [name, value] of Object.entries(attributes ?? {})) assign(made, name, value);
  return fill(made, children);
}

/** Make a span of a class, which most of a widget is. */
export function span(name: string, ...children: Children[]): HTMLSpanElement {
  return h("span", name ? { class: name } : null, ...children);
}

/** Put children into an element, in place of those it has. */
export function put<E extends Element>(element: E, ...children: Children[]): E {
  element.replaceChildren();
  return fill(element, children);
}

/** Make what is weighty: a figure, a name. */
export function bold(...children: Children[]): HTMLElement {
  return h("b", null, ...children);
}

/** Make an SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes?: Attributes | null,
  ...children: Children[]
): SVGElementTagNameMap[K] {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  return fill(made, children);
}

function assign(made: HTMLElement, name: string, value: unknown): void {
  const isAria = name.startsWith("aria-");
  if (typeof value === "function") {
    made.addEventListener(name.slice(2), value as EventListener);
  } else if (value !== null && value !== undefined && (value !== false || isAria)) {
    // true and false are values of an ARIA attribute; of the others, they say whether it is there
    made.setAttribute(name, value === true && !isAria ? "" : String(value));
  }
}

function fill<E extends Element>(made: E, children: readonly Children[]): E {
  for (const child of children.flat() as Child[]) {
    if (child === null || child === undefined || child === false) continue;
    made.append(child instanceof Node ? child : String(child));
  }
  return made;
}
