"""Phase diagrams on disk: computed part by part into a folder, drawn beside the published fixed-weight boundaries."""
