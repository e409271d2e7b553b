"""Where images and frames come from: files, folders, cameras, addresses."""
