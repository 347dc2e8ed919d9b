"""Wrong clocks: real processes that run on another time than the machine's."""
