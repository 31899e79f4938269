"""A text that a test found, held against the one in a file.

A change that is meant: delete the file, run the test, read what it wrote, and commit that.
"""


def assert_written(path, found):
    """Require that a file holds this text; where there is none, write it and fail."""
    if not path.exists():
        path.write_text(found)
        raise AssertionError(f"{path} is new: read it, then run again")
    assert found == path.read_text()
