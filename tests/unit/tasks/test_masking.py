"""What a run tells of its masks."""

from __future__ import annotations

from osem_tasks.tasks.masking import Findings


def test_a_path_that_hid_a_whole_value_met_something() -> None:
    """The warnings of one path do not contradict each other: masked as a whole is masked."""
    found = Findings({"Users": ["emial", "notes.x"]}, {"Users": {"notes.x": 1}})

    assert [line.text for line in found.lines] == [
        "Users: the mask of emial met nothing: is it misspelt? What it should hide is not masked",
        "Users: notes.x leads into a value without such parts, 1 time; the whole value was masked",
    ]
    assert found.as_json()["maskUnmatched"] == {"Users": ["emial", "notes.x"]}
