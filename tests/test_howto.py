"""Examples of the how-to pages run and print what they say."""

from pathlib import Path

import pytest

from tests.doc_blocks import end_started, run_session

PAGES = sorted((Path(__file__).resolve().parents[1] / "docs" / "howto").glob("*.md"))


@pytest.fixture(autouse=True)
def _nothing_is_left_running():
    yield
    end_started()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_sessions_run_and_print_what_they_say(page, tmp_path):
    """All that a page tells to type works, in a new folder with the files that it tells to write."""
    run_session(page, tmp_path)
