// %tract context: what the model sees, what takes the room, and what an action would change.
import { widget } from "./base/ground";
import styles from "./context/context.css";
import type { ContextState } from "./context/model";
import { View } from "./context/view";

export default widget<ContextState>("What the model sees", styles, (ground) => {
  new View(ground);
});
