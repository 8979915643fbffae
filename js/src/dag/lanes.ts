// The lanes of one row, as one small SVG.
import { svg } from "../base/h";
import type { Row } from "./model";

export const ROW = 22;
const PITCH = 13;
const FIRST = 13;
const RADIUS = 5;
const MIDDLE = ROW / 2;
const WIDTH = 56;
const LAST = 3; // the last column
const COLOURS = 3; // of branches; the fourth lane colour is the agents'

/** Where a column stands. */
export function columnAt(column: number): number {
  return FIRST + PITCH * column;
}

/** The colour of an owner's lanes: ink for the branch HEAD is on, the others in turn, one for agents. */
export function colourOf(owner: number): number {
  if (owner < 0) return 4;
  return owner === 0 ? 0 : 1 + ((owner - 1) % COLOURS);
}

/** The style that gives an element a colour of the family, for what is drawn and for words. */
export function paint(name: string): string | null {
  return name ? `--c:var(--${name});--ink:var(--${name}-ink)` : null;
}

export function laneOf(owner: number): string | null {
  return paint(`lane-${colourOf(owner)}`);
}

/** The path of a line: straight, or an elbow in the row of the node that it joins. */
export function pathOf(way: string, from: number, node: number): string {
  if (way === "|") return `M${from} 0V${ROW}`;
  const bend = from > node ? -RADIUS : RADIUS;
  if (way === "^") {
    return from === node
      ? `M${node} 0V${MIDDLE}`
      : `M${from} 0V${MIDDLE - RADIUS}Q${from} ${MIDDLE} ${from + bend} ${MIDDLE}H${node}`;
  }
  return from === node
    ? `M${node} ${MIDDLE}V${ROW}`
    : `M${node} ${MIDDLE}H${from + bend}Q${from} ${MIDDLE} ${from} ${MIDDLE + RADIUS}V${ROW}`;
}

/** Draw the lanes of a row and its node; outer lanes first, the row's own last. */
export function drawLanes(row: Row, isHead: boolean): SVGSVGElement {
  const lanes = row.graph;
  const node = columnAt(lanes.at);
  const picture = svg("svg", { class: "lanes", viewBox: `0 0 ${WIDTH} ${ROW}`, "aria-hidden": "true" });
  const far = (way: string, column: number) => (way === "|" ? 99 : Math.abs(column - lanes.at));
  for (const [way, column, owner] of [...lanes.lines].sort((a, b) => far(b[0], b[1]) - far(a[0], a[1]))) {
    const isOwn = column === lanes.at && way !== "|";
    picture.append(
      svg("path", {
        d: pathOf(way, columnAt(column), node),
        class: owner < 0 || (row.inset && isOwn) ? "line dashed" : "line",
        style: laneOf(owner),
      }),
    );
  }
  picture.append(svg("g", { style: laneOf(lanes.owner) }, nodeOf(row, node, isHead)));
  // where the row's own commit stands in the last column, there is no room for the number
  if (lanes.more && lanes.at < LAST) {
    picture.append(svg("text", { x: columnAt(LAST), y: MIDDLE + 3.5, class: "clipped" }, `+${lanes.more}`));
  }
  return picture;
}

function nodeOf(row: Row, x: number, isHead: boolean): SVGElement[] {
  const y = MIDDLE;
  const halo = (r: number) => svg("circle", { cx: x, cy: y, r, class: "halo" });
  const ring = (r: number, more = "") => svg("circle", { cx: x, cy: y, r, class: `ring${more}` });
  const disc = (r: number) => svg("circle", { cx: x, cy: y, r, class: "disc" });
  const diamond = (r: number, kind: string) =>
    svg("path", { d: `M${x} ${y - r} ${x + r} ${y} ${x} ${y + r} ${x - r} ${y}Z`, class: kind });
  switch (true) {
    case row.kind === "more":
      return [
        halo(6.4),
        ring(5),
        svg("path", { d: `M${x - 2.4} ${y}h4.8M${x} ${y - 2.4}v4.8`, class: "stroke" }),
      ];
    case row.kind === "merge":
      return [halo(6.6), ring(5.2), disc(2.4)];
    case row.kind === "edit":
      return [diamond(6.6, "halo"), diamond(4.6, "ring")];
    case row.kind === "summary":
      return [
        svg("rect", { x: x - 6.5, y: 3, width: 13, height: 16.5, class: "halo" }),
        svg("rect", { x: x - 5, y: 4.2, width: 10, height: 8.5, rx: 1.5, class: "disc" }),
        svg("path", { d: `M${x - 5} 15.2h10M${x - 5} 17.7h10`, class: "stroke" }),
      ];
    case Boolean(row.agent):
      return [halo(5), ring(3.3)];
    case Boolean(row.covered):
      return [halo(5), ring(2.9, " dotted")];
    default:
      return [halo(isHead ? 6.9 : 5.4), disc(isHead ? 5.4 : 3.9)];
  }
}
