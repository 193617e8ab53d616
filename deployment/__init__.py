"""What a server for several people needs around the app; see docs/deployment.md."""
