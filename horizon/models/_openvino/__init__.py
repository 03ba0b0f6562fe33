"""What the backends that run OpenVINO share; no backend itself."""
