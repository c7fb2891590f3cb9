"""What lies on disk: pictures, videos, and the containers of labels, one kind a module."""
