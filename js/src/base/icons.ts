import { svg } from "./h";

// On a grid of 16; paths after "|" are filled as well. These are in every bundle; what only some widgets
// show stands in icons_history.ts and icons_review.ts, which know these too.
export const SHAPES = {
  mask: "M2.5 4h11M2.5 8h3M2.5 12h5M8 8h5.5M10 12h3.5",
  compress: "M8 1.8v4.4M5.8 4.2 8 6.4l2.2-2.2M8 14.2V9.8M5.8 11.8 8 9.6l2.2 2.2M2.6 8h10.8",
  pin: "M6.6 9.4 2.2 13.8|M9.7 1.8 14.2 6.3 11.9 7 9.2 11.4 4.6 6.8 9 4.1z",
  skip: "M1.8 8S4.1 3.9 8 3.9 14.2 8 14.2 8 11.9 12.1 8 12.1 1.8 8 1.8 8zM2.6 13.4 13.4 2.6",
  flag: "M4 14V2.4|M4 3h8.6l-2.2 3 2.2 3H4z",
  edit: "M10.9 2.6l2.5 2.5-7.6 7.6-3.2.7.7-3.2z",
  branch:
    "M4.5 1.7a1.7 1.7 0 1 0 .01 0M4.5 10.9a1.7 1.7 0 1 0 .01 0M11.5 2.9a1.7 1.7 0 1 0 .01 0M4.5 5.1v5.8M11.5 6.3c0 2.7-3 2.7-5.6 3.3",
  copy: "M6.6 5.4h5.6a1.2 1.2 0 0 1 1.2 1.2v5.6a1.2 1.2 0 0 1-1.2 1.2H6.6a1.2 1.2 0 0 1-1.2-1.2V6.6a1.2 1.2 0 0 1 1.2-1.2zM10.6 5.2V3.4a1 1 0 0 0-1-1H3.4a1 1 0 0 0-1 1v6.2a1 1 0 0 0 1 1h1.8",
  undo: "M2.8 6h6.6a3.6 3.6 0 0 1 0 7.2H5.6M5.8 2.9 2.8 6l3 3.1",
  check: "M3 8.6 6.4 12 13 4.6",
  x: "M4 4l8 8M12 4l-8 8",
  help: "M8 2a6 6 0 1 0 .01 0M6.2 6.3a1.9 1.9 0 1 1 2.6 1.8c-.6.3-.8.6-.8 1.3M8 11.3v.1",
  next: "M3.5 6 8 10.5 12.5 6",
} as const;

/** Draws an icon; without a label it is decoration beside a word. */
export type Drawing<Name extends string> = (name: Name, label?: string) => SVGSVGElement;

export function drawing<Name extends string>(shapes: Readonly<Record<Name, string>>): Drawing<Name> {
  return (name, label) => {
    const [stroke, filled] = shapes[name].split("|");
    const said = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
    return svg(
      "svg",
      { viewBox: "0 0 16 16", class: `icon icon-${name}`, ...said },
      label ? svg("title", null, label) : null,
      svg("path", { d: stroke }),
      filled ? svg("path", { d: filled, class: "filled" }) : null,
    );
  };
}

export type Icon = keyof typeof SHAPES;
export const icon = drawing(SHAPES);
