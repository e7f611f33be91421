"""The page's own modules that only compute, called in the browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Visit = Callable[..., Any]


@pytest.fixture
def call(visit: Visit) -> Callable[..., Any]:
    """Give `call(module, expression, argument)`, where the module is `m` and the argument `x`."""
    page = visit("/#/about")

    def run(module: str, expression: str, argument: Any = None) -> Any:
        return page.evaluate(
            f"async (x) => {{ const m = await import('/page/{module}.js'); return {expression}; }}",
            argument,
        )

    return run


def test_lasso_holds_what_is_inside(call: Callable[..., Any]) -> None:
    horseshoe = [[0, 0], [3, 0], [3, 3], [2, 3], [2, 1], [1, 1], [1, 3], [0, 3]]
    for point, is_in in (((0.5, 2), True), ((1.5, 2), False), ((2.5, 2), True), ((4, 4), False)):
        assert call("shapes", "m.isInside(x[0], ...x[1])", [horseshoe, point]) is is_in


def test_line_is_cut_into_equal_steps(call: Callable[..., Any]) -> None:
    found = call("shapes", "m.resampled(x, 5)", [[0, 0], [1, 0], [1, 3]])
    assert found == [[0, 0], [1, 0], [1, 1], [1, 2], [1, 3]]
    assert call("shapes", "m.resampled(x, 3)", [[1, 1], [1, 1]]) == [[1, 1]] * 3


def test_nearest_dot_is_the_nearest_of_all(call: Callable[..., Any]) -> None:
    is_right = call(
        "grid",
        """(() => {
            let seed = 1;
            const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647 * 2 - 1;
            const many = () => Array.from({ length: 500 }, random);
            const [xs, ys] = [many(), many()];
            const grid = new m.Grid(xs, ys);
            for (let turn = 0; turn < 200; turn++) {
                const [x, y] = [random(), random()];
                let [best, least] = [null, 0.1 ** 2];
                xs.forEach((_, i) => {
                    const far = (xs[i] - x) ** 2 + (ys[i] - y) ** 2;
                    if (far <= least) [best, least] = [i, far];
                });
                if (grid.nearest(x, y, 0.1) !== best) return false;
            }
            return true;
        })()""",
    )
    assert is_right


def test_moment_belongs_to_the_nearest_window(call: Callable[..., Any]) -> None:
    prediction = {
        "duration_s": 6.0, "valence": 0.0, "arousal": 0.0,
        "timeline": {
            "start_s": [0.0, 1.5, 3.0], "end_s": [3.0, 4.5, 6.0], "weight": [1, 1, 1], "tags": {},
            "valence": [0.0, 0.2, 0.4], "arousal": [0.0, -0.2, -0.4],
        },
    }  # fmt: skip
    at = "new m.Windows(x).at"
    assert [call("windows", f"{at}({s})", prediction) for s in (0, 2.2, 2.3, 3.7, 3.8, 9)] == [
        0, 0, 1, 1, 2, 2,
    ]  # fmt: skip
    place = call("windows", "new m.Windows(x).placeAt(2.25)", prediction)
    assert place["valence"] == pytest.approx(0.1)
    assert call("windows", "new m.Windows(x).placeAt(0).valence", prediction) == 0.0
    assert call("windows", "new m.Windows(x).placeAt(6).arousal", prediction) == -0.4


def test_card_becomes_elements_and_its_markup_stays_text(call: Callable[..., Any]) -> None:
    text = "\n".join((
        "## A <b>heading</b>", "", "Words that are **bold**", "and `code`.", "",
        "- one", "  goes on", "- two", "", "| a | b |", "|---|--:|", "| <i>x</i> | 1 |",
    ))  # fmt: skip
    found = call("markdown", "m.markdown(x).map((each) => each.outerHTML).join('')", text)
    assert "<h2>A &lt;b&gt;heading&lt;/b&gt;</h2>" in found
    assert "<p>Words that are <strong>bold</strong> and <code>code</code>.</p>" in found
    assert "<ul><li>one goes on</li><li>two</li></ul>" in found
    assert '<td>&lt;i&gt;x&lt;/i&gt;</td><td class="right">1</td>' in found


def test_times_are_told_as_people_say_them(call: Callable[..., Any]) -> None:
    assert [call("format", f"m.clock({s})") for s in (0, 65, 3725)] == ["0:00", "1:05", "1:02:05"]
    assert call("format", "[m.suffix('a.b.wma'), m.suffix('.hidden'), m.stem('/x/y.flac')]") == [
        "WMA", "", "y",
    ]  # fmt: skip
