"""What `course bench` measures; one module for each, what they share is in `measure`.

Each module has a `main(quick, as_json, out)`, which `course_lib.cli` calls. Importing this package
does not import TensorFlow.
"""

# First: TensorFlow, once it is needed, is loaded without its chatter.
import course_lib.quiet  # noqa: F401
