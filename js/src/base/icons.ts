import { svg } from "./h";

// On a grid of 16; paths after "|" are filled as well.
const SHAPES = {
  pin: "M6.6 9.4 2.2 13.8|M9.7 1.8 14.2 6.3 11.9 7 9.2 11.4 4.6 6.8 9 4.1z",
  skip: "M1.8 8S4.1 3.9 8 3.9 14.2 8 14.2 8 11.9 12.1 8 12.1 1.8 8 1.8 8zM2.6 13.4 13.4 2.6",
  flag: "M4 14V2.4|M4 3h8.6l-2.2 3 2.2 3H4z",
  edit: "M10.9 2.6l2.5 2.5-7.6 7.6-3.2.7.7-3.2z",
  branch:
    "M4.5 1.7a1.7 1.7 0 1 0 .01 0M4.5 10.9a1.7 1.7 0 1 0 .01 0M11.5 2.9a1.7 1.7 0 1 0 .01 0M4.5 5.1v5.8M11.5 6.3c0 2.7-3 2.7-5.6 3.3",
  merge:
    "M4.5 1.7a1.7 1.7 0 1 0 .01 0M4.5 10.9a1.7 1.7 0 1 0 .01 0M11.5 8.3a1.7 1.7 0 1 0 .01 0M4.5 5.1v5.8M4.5 5.1c.3 3 2.4 4.6 5.3 4.8",
  checkout: "M8 2.6a5.4 5.4 0 1 0 .01 0|M8 6.4a1.6 1.6 0 1 0 .01 0",
  tag: "M2.4 2.4h5.2l6 6-5.2 5.2-6-6z|M5.2 4.5a.7.7 0 1 0 .01 0",
  diff: "M5 2.5v8M1.8 6.5h6.4M8 13.4h6.2",
  copy: "M6.6 5.4h5.6a1.2 1.2 0 0 1 1.2 1.2v5.6a1.2 1.2 0 0 1-1.2 1.2H6.6a1.2 1.2 0 0 1-1.2-1.2V6.6a1.2 1.2 0 0 1 1.2-1.2zM10.6 5.2V3.4a1 1 0 0 0-1-1H3.4a1 1 0 0 0-1 1v6.2a1 1 0 0 0 1 1h1.8",
  undo: "M2.8 6h6.6a3.6 3.6 0 0 1 0 7.2H5.6M5.8 2.9 2.8 6l3 3.1",
  redo: "M13.2 6H6.6a3.6 3.6 0 0 0 0 7.2h3.8M10.2 2.9l3 3.1-3 3.1",
  search: "M7 2.6a4.4 4.4 0 1 0 .01 0M10.4 10.4 14 14",
  agent:
    "M4.6 5.4h6.8a1.8 1.8 0 0 1 1.8 1.8v4.2a1.8 1.8 0 0 1-1.8 1.8H4.6a1.8 1.8 0 0 1-1.8-1.8V7.2a1.8 1.8 0 0 1 1.8-1.8zM8 5.2V2.6M6 8.6v1.2M10 8.6v1.2",
  spark: "M8 2v3.4M8 10.6V14M2 8h3.4M10.6 8H14M4 4l2 2M10 10l2 2M12 4l-2 2M6 10l-2 2",
  check: "M3 8.6 6.4 12 13 4.6",
  x: "M4 4l8 8M12 4l-8 8",
  warn: "M8 2.4 14.4 13.4H1.6zM8 6.6v3.2M8 11.6v.1",
  help: "M8 2a6 6 0 1 0 .01 0M6.2 6.3a1.9 1.9 0 1 1 2.6 1.8c-.6.3-.8.6-.8 1.3M8 11.3v.1",
  right: "M6 3.5 10.5 8 6 12.5",
  next: "M3.5 6 8 10.5 12.5 6",
  prev: "M3.5 10 8 5.5l4.5 4.5",
} as const;

export type Icon = keyof typeof SHAPES;

/** Draw an icon; without a label it is decoration beside a word. */
export function icon(name: Icon, label?: string): SVGSVGElement {
  const [stroke, filled] = SHAPES[name].split("|");
  const said = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return svg(
    "svg",
    { viewBox: "0 0 16 16", class: `icon icon-${name}`, ...said },
    label ? svg("title", null, label) : null,
    svg("path", { d: stroke }),
    filled ? svg("path", { d: filled, class: "filled" }) : null,
  );
}
