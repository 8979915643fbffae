// %tract dag: the history of all branches, and what a person does with it.
import { widget } from "./base/ground";
import "./base/find";
import "./base/lanes";
import "./base/words";
import styles from "./dag/dag.css";
import type { DagState } from "./dag/model";
import { View } from "./dag/view";

export default widget<DagState>("Commit graph", styles, (ground) => {
  new View(ground);
});
