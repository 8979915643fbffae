// The icons of a review, beside those that every widget has.
import { drawing, SHAPES } from "./icons";

export const icon = drawing({
  ...SHAPES,
  search: "M7 2.6a4.4 4.4 0 1 0 .01 0M10.4 10.4 14 14",
  spark: "M8 2v3.4M8 10.6V14M2 8h3.4M10.6 8H14M4 4l2 2M10 10l2 2M12 4l-2 2M6 10l-2 2",
  warn: "M8 2.4 14.4 13.4H1.6zM8 6.6v3.2M8 11.6v.1",
  prev: "M3.5 10 8 5.5l4.5 4.5",
} as const);
