"""What a function does once it is awake: claim, work, complete, until nothing is due."""
