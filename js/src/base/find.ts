// For bundles that show a field to find something: import it for its style alone.
import styles from "./find.css";
import { sheets } from "./sheets";

sheets.push(styles);
