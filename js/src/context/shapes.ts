// The shapes that the strip is drawn of; a role colours one by its `data-role`.
import { svg } from "../base/h";

export function box(
  name: string,
  x: number,
  y: number,
  width: number,
  height: number,
  rx: number | null = null,
): SVGRectElement {
  return svg("rect", { class: name, x, y, width, height, rx });
}

export function line(name: string, d: string): SVGPathElement {
  return svg("path", { class: name, d });
}

export function words(
  name: string | null,
  x: number,
  y: number,
  text: string,
  anchor: string | null = null,
): SVGTextElement {
  return svg("text", { class: name, x, y, "text-anchor": anchor }, text);
}
