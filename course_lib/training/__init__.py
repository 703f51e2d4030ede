"""Full-length training runs, seeded and stored with their provenance.

Importing this package does not import TensorFlow.
"""

# First: TensorFlow, once it is needed, is loaded without its chatter.
import course_lib.quiet  # noqa: F401
from course_lib.training.experiments import EXPERIMENTS
from course_lib.training.reproduce import reproduce, stored_result, stored_seeds
from course_lib.training.seeding import seed_everything

__all__ = ["EXPERIMENTS", "reproduce", "seed_everything", "stored_result", "stored_seeds"]
