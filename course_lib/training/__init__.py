"""Full-length training runs, seeded and stored with their provenance.

Importing this package does not import TensorFlow.
"""

from course_lib.training.reproduce import EXPERIMENTS, reproduce, stored_result
from course_lib.training.seeding import seed_everything

__all__ = ["EXPERIMENTS", "reproduce", "seed_everything", "stored_result"]
