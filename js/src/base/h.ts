// Elements without a framework. Text is only ever inserted as text: there is no way to pass markup.

type Child = Node | string | number | null | undefined | false;
type Children = Child | readonly Child[];
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
  if (typeof value === "function") {
    made.addEventListener(name.slice(2), value as EventListener);
  } else if (name.startsWith("aria-") || name === "style" || name.startsWith("data-")) {
    // false is a value of an ARIA attribute; of the others, it leaves them out
    const out = value === null || value === undefined || (value === false && !name.startsWith("aria-"));
    if (!out) made.setAttribute(name, String(value));
  } else if (value === true) {
    made.setAttribute(name, "");
  } else if (value !== null && value !== undefined && value !== false) {
    made.setAttribute(name, String(value));
  }
}

function fill<E extends Element>(made: E, children: readonly Children[]): E {
  for (const child of children.flat() as Child[]) {
    if (child === null || child === undefined || child === false) continue;
    made.append(child instanceof Node ? child : String(child));
  }
  return made;
}

/** Return what must be there; the message says what was looked for. */
export function must<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`${what} is missing`);
  return value;
}
