"""Methods that solve for the output layer of a network whose other layers are drawn."""
