"""Where the prober runs: on this machine, or on another one that a script is carried to."""
