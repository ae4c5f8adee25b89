"""git as a program: run in a folder, checked, with its output as text."""

import os
import subprocess
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "A U Thor",
    "GIT_AUTHOR_EMAIL": "author@example.org",
    "GIT_COMMITTER_NAME": "C O Mitter",
    "GIT_COMMITTER_EMAIL": "committer@example.org",
}


class Git:
    """A git program and the folder in which it runs."""

    def __init__(self, program: str, folder: Path):
        self.program = program
        self.folder = Path(folder)

    def at(self, folder) -> "Git":
        return Git(self.program, self.folder / folder)

    def run(self, *arguments, check: bool = True, data: bytes | None = None, **environment) -> subprocess.CompletedProcess:
        # A git that is not on PATH still finds its helpers beside itself.
        done = subprocess.run(
            [self.program, *map(str, arguments)],
            cwd=self.folder,
            env=os.environ | IDENTITY | environment,
            input=data,
            capture_output=True,
            timeout=300,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"git {' '.join(map(str, arguments))}: {done.stderr.decode(errors='replace')}")
        return done

    def out(self, *arguments, **options) -> str:
        return self.run(*arguments, **options).stdout.decode(errors="surrogateescape").strip()

    def fails(self, *arguments, **options) -> str:
        """What git says when it fails."""
        done = self.run(*arguments, check=False, **options)
        assert done.returncode != 0, f"git {arguments} should have failed: {done.stdout}"
        return done.stderr.decode(errors="replace")

    def clone(self, address: str, folder: str = "clone", *options, **environment) -> "Git":
        self.run("clone", "--quiet", *options, address, folder, **environment)
        return self.at(folder)

    def objects(self, *options) -> set[str]:
        """The ids of all objects that are here."""
        return set(self.out("cat-file", "--batch-all-objects", "--batch-check=%(objectname)", *options).split())

    def commit(self, message: str = "change", **files: str | bytes) -> str:
        """Commits files, given by names in which `__` stands for a dot."""
        for name, content in files.items():
            path = self.folder / name.replace("__", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.run("add", "--all")
        self.run("commit", "--quiet", "--allow-empty", "--message", message)
        return self.out("rev-parse", "HEAD")

    def sound(self) -> "Git":
        """States that everything here is whole and as git wants it."""
        said = self.run("fsck", "--full", "--strict")
        text = (said.stdout + said.stderr).decode()
        assert "error" not in text and "missing" not in text and "broken" not in text, text
        return self
