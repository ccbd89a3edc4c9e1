// The sources of the shared library are the members of the static one.
