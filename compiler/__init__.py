"""The compiler: `.mlops` text in, a checked plan out. It reads specs and the files they name, and writes nothing."""
