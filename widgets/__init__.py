"""The widgets: anywidget classes, and in static/ the bundles they are drawn by."""
