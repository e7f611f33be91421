"""The Python library in a few lines: python examples/library.py [FILE_OR_FOLDER...]"""

import sys
from pathlib import Path

import affetto

paths = sys.argv[1:] or [Path(__file__).parent]

for result in affetto.predict_many(paths):
    if isinstance(result, affetto.Failure):  # a file that cannot be used does not stop the others
        print(result, file=sys.stderr)
        continue
    print(f"{Path(result.path).name}: {result.quadrant}, valence {result.valence:+.2f}, ", end="")
    print(f"arousal {result.arousal:+.2f}")

    for tag, score in list(result.tags.items())[:3]:  # the highest come first
        print(f"  {score:.2f} {tag}")

    timeline = result.timeline  # a row of scores for each window of three seconds
    strongest = timeline.scores.max(axis=1).argmax()
    tag = timeline.vocabulary.tags[timeline.scores[strongest].argmax()]
    print(f"  most distinct at {timeline.start_s[strongest]:.0f} s: {tag}")
