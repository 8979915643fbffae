// The icons of a history, beside those that every widget has.
import { drawing, SHAPES } from "./icons";

const HISTORY = {
  ...SHAPES,
  merge:
    "M4.5 1.7a1.7 1.7 0 1 0 .01 0M4.5 10.9a1.7 1.7 0 1 0 .01 0M11.5 8.3a1.7 1.7 0 1 0 .01 0M4.5 5.1v5.8M4.5 5.1c.3 3 2.4 4.6 5.3 4.8",
  checkout: "M8 2.6a5.4 5.4 0 1 0 .01 0|M8 6.4a1.6 1.6 0 1 0 .01 0",
  tag: "M2.4 2.4h5.2l6 6-5.2 5.2-6-6z|M5.2 4.5a.7.7 0 1 0 .01 0",
  diff: "M5 2.5v8M1.8 6.5h6.4M8 13.4h6.2",
  redo: "M13.2 6H6.6a3.6 3.6 0 0 0 0 7.2h3.8M10.2 2.9l3 3.1-3 3.1",
  search: "M7 2.6a4.4 4.4 0 1 0 .01 0M10.4 10.4 14 14",
  agent:
    "M4.6 5.4h6.8a1.8 1.8 0 0 1 1.8 1.8v4.2a1.8 1.8 0 0 1-1.8 1.8H4.6a1.8 1.8 0 0 1-1.8-1.8V7.2a1.8 1.8 0 0 1 1.8-1.8zM8 5.2V2.6M6 8.6v1.2M10 8.6v1.2",
  right: "M6 3.5 10.5 8 6 12.5",
} as const;

export type Icon = keyof typeof HISTORY;
export const icon = drawing(HISTORY);
