"""From syntax trees to a model in which every name and type is known, and the checks over it."""
