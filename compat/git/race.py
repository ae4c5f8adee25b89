"""Many clients on one branch at once: pushes, commits by API and fetches, and what must be true of them afterwards.

As a module it is what the tests call; as a program it is the long run:

    python compat/python/hearth.py --storage sqlite -- python compat/git/race.py --clients 16 --operations 5000
"""

import argparse
import itertools
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from program import Git

# A push begins again from the new head as often as somebody was faster.
TRIES_MAX = 5_000
# In ten operations: commits by API, pushes; the rest are fetches.
COMMITS, PUSHES = 5, 1


@dataclass
class Client:
    """One client: a clone without files, a connection, and what it was promised."""

    number: int
    git: Git
    http: httpx2.Client
    done: list[tuple[str, str]] = field(default_factory=list)  # title and commit, in the order of the answers
    seen: list[str] = field(default_factory=list)  # heads that were fetched
    counts: Counter = field(default_factory=Counter)

    def fetch(self):
        # Without a plus sign git refuses a branch that was rewritten.
        self.git.run("fetch", "--quiet", "origin", "refs/heads/main:refs/heads/main")
        loose = self.git.folder / "refs/heads/main"
        self.seen.append(loose.read_text().strip() if loose.exists() else self.git.out("rev-parse", "refs/heads/main"))

    def push(self, title: str, path: str):
        """Commits on top of what was fetched, and again until nobody was faster."""
        for _ in range(TRIES_MAX):
            self.fetch()
            change = (
                f"commit refs/heads/next\ncommitter C {self.number} <c@example.org> {int(time.time())} +0000\n"
                f"data {len(title)}\n{title}\nfrom refs/heads/main^0\nM 100644 inline {path}\ndata {len(title)}\n{title}\n"
            )
            self.git.run("fast-import", "--quiet", "--force", data=change.encode())
            pushed = self.git.run("push", "--quiet", "origin", "refs/heads/next:refs/heads/main", check=False)
            if pushed.returncode == 0:
                self.done.append((title, self.git.out("rev-parse", "refs/heads/next")))
                return
            said = pushed.stderr.decode()
            assert any(word in said for word in ("fetch first", "non-fast-forward", "stale info")), said
            self.counts["pushes overtaken"] += 1
        raise AssertionError(f"{title}: somebody was always faster")

    def commit(self, api: str, title: str, path: str):
        lines = [
            {"key": "header", "value": {"summary": title, "description": ""}},
            {"key": "file", "value": {"path": path, "content": title, "encoding": "utf-8"}},
        ]
        body = "\n".join(json.dumps(line) for line in lines)
        for _ in range(TRIES_MAX):
            answer = self.http.post(f"{api}/commit/main", content=body)
            if answer.status_code == 200:
                self.done.append((title, answer.json()["commitOid"]))
                return
            # The one refusal that a client answers by sending the same again.
            assert answer.status_code == 409, answer.text
            self.counts["commits overtaken"] += 1
        raise AssertionError(f"{title}: somebody was always faster")


def race(url: str, token: str, repo: str, folder: Path, *, clients: int, operations: int, program="git", seed=1) -> str:
    """Lets the clients work, checks what came of it, and answers it in a sentence."""
    address = f"{url.replace('://', f'://alice:{token}@')}/{repo}.git"
    api = f"{url}/api/models/{repo}"
    folder.mkdir(parents=True, exist_ok=True)
    git = Git(program, folder)
    people = []
    for number in range(clients):
        git.run("clone", "--quiet", "--bare", address, f"client-{number}.git")
        http = httpx2.Client(headers={"Authorization": f"Bearer {token}"}, timeout=120)
        people.append(Client(number, git.at(f"client-{number}.git"), http))
    before = git.at("client-0.git").out("rev-list", "refs/heads/main").split()

    turns, failures = itertools.count(), []

    def work(client: Client):
        chance = random.Random(seed * 1000 + client.number)
        while not failures and (turn := next(turns)) < operations:
            kind = chance.randrange(10)
            try:
                if kind < COMMITS:
                    client.commit(api, f"api {turn}", f"api/{turn % 97}/{turn}.txt")
                    client.counts["commits by API"] += 1
                elif kind < COMMITS + PUSHES:
                    client.push(f"push {turn}", f"push/{turn % 97}/{turn}.txt")
                    client.counts["pushes"] += 1
                else:
                    client.fetch()
                    client.counts["fetches"] += 1
            except BaseException as error:
                failures.append(f"operation {turn} of client {client.number}: {error}")

    began = time.monotonic()
    threads = [threading.Thread(target=work, args=[client]) for client in people]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        # What was done until now is looked over all the same.
        operations = next(turns)
        for thread in threads:
            thread.join()
    seconds = time.monotonic() - began
    assert not failures, failures

    check(git, address, api, people, before)
    counts = sum((client.counts for client in people), Counter())
    said = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    return f"{clients} clients, {operations} operations in {seconds:.0f} s: {said}; linear, nothing lost, nothing doubled"


def check(git: Git, address: str, api: str, people: list[Client], before: list[str]):
    """What must be true, whoever was faster."""
    git.run("clone", "--quiet", "--bare", address, "result.git")
    result = git.at("result.git").sound()
    assert result.out("rev-list", "--min-parents=2", "refs/heads/main") == ""
    lines = [line.split(" ", 1) for line in result.out("log", "--reverse", "--format=%H %s", "refs/heads/main").splitlines()]
    place = {oid: number for number, (oid, _) in enumerate(lines)}
    titles = dict(map(reversed, lines[len(before) :]))
    assert [oid for oid, _ in lines[: len(before)]] == before[::-1]
    promised = dict(itertools.chain.from_iterable(client.done for client in people))
    # Each operation that was answered is one commit, and there is no other.
    assert len(lines) == len(before) + len(promised)
    assert titles == promised
    for client in people:
        order = [place[oid] for _, oid in client.done]
        assert order == sorted(order), f"client {client.number} was answered in another order"
        heads = [place[oid] for oid in client.seen]
        assert heads == sorted(heads), f"client {client.number} saw the branch go back"
    files = {path.rsplit("/", 1)[1] for path in result.out("ls-tree", "-r", "--name-only", "main").splitlines() if "/" in path}
    assert files == {f"{title.split()[1]}.txt" for title in promised}
    # The other door tells the same.
    answer = people[0].http.get(f"{api}/commits/main", params={"limit": 1})
    assert answer.headers["x-total-count"] == str(len(lines)) and answer.json()[0]["id"] == lines[-1][0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--operations", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--git", default="git", help="the program")
    arguments = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
    from people import ALICE

    url = os.environ["HEARTH_URL"]
    name = f"race-{os.urandom(5).hex()}"
    with tempfile.TemporaryDirectory(prefix="hearth-race-") as folder:
        os.environ |= {"HOME": folder, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        headers = {"Authorization": f"Bearer {ALICE}"}
        httpx2.post(f"{url}/api/repos/create", json={"name": name}, headers=headers).raise_for_status()
        options = {"clients": arguments.clients, "operations": arguments.operations, "seed": arguments.seed}
        print(race(url, ALICE, f"alice/{name}", Path(folder) / "work", program=arguments.git, **options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
