// Style sheets of the parts that a bundle has: each part adds its own, so that no bundle carries another's.
export const sheets: string[] = [];
