"""Many circuits that chance makes different, and the processes that work on them."""
