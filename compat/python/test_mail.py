"""Letters that Hearth sends, as a mail server receives them: the link to a new password, the proof of an address."""

import email
import os
import queue
import re
import socketserver
import threading
import time
from email import policy

import pytest
import requests

import hearth
from people import ALICE, BOB, bearer

ELSEWHERE = "http://hub.example.org"
PASSWORD = "correct horse battery staple"


class Sink(socketserver.ThreadingTCPServer):
    """A mail server that takes everything and refuses the first letter for now, as busy ones do."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.letters = queue.Queue()
        self.is_busy = True

    def letter(self):
        """The next letter: its recipients and the message."""
        recipients, content = self.letters.get(timeout=60)
        return recipients, email.message_from_bytes(content, policy=policy.default)


class Conversation(socketserver.StreamRequestHandler):
    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def handle(self):
        recipients = []
        self.say("220 sink ESMTP")
        for line in self.rfile:
            verb = line.decode().strip().upper()
            if verb.startswith("EHLO"):
                self.say("250-sink\r\n250 8BITMIME")
            elif verb.startswith("RCPT"):
                if self.server.is_busy:
                    self.server.is_busy = False
                    self.say("451 busy")
                    continue
                recipients.append(line.decode().split("<")[1].split(">")[0])
                self.say("250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                content = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    content += part[1:] if part.startswith(b"..") else part
                self.server.letters.put((recipients, content))
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


@pytest.fixture(scope="module")
def sink():
    with Sink() as sink:
        threading.Thread(target=sink.serve_forever, daemon=True).start()
        yield sink
        sink.shutdown()


@pytest.fixture(scope="module")
def house(sink):
    with hearth.installation(os.environ.get("HEARTH_STORAGE", "sqlite")) as installation:
        installation.environment |= {
            "HEARTH_MAIL__HOST": "127.0.0.1",
            "HEARTH_MAIL__PORT": str(sink.server_address[1]),
            "HEARTH_MAIL__SECURITY": "none",
            "HEARTH_MAIL__FROM": "Hearth <hearth@example.org>",
            "HEARTH_SERVER__PUBLIC_URL": ELSEWHERE,
        }
        with installation.serving() as url:
            yield url


def send_form(browser: requests.Session, page: str, target: str, **fields) -> requests.Response:
    html = browser.get(page).text
    token = re.search(r'name="form_token" value="([^"]+)"', html).group(1)
    house = page[: page.index("/", 8)]
    return browser.post(house + target, data=fields | {"form_token": token}, allow_redirects=False)


def link_of(message, house: str) -> str:
    """The link of a letter, which leads to the address of the configuration whatever a request said."""
    link = re.search(rf"{ELSEWHERE}\S+", message.get_content()).group(0)
    return link.replace(ELSEWHERE, house)


def test_a_forgotten_password_is_set_anew_by_a_link(house, sink):
    browser = requests.Session()
    browser.headers["Accept-Language"] = "de"
    unknown = send_form(browser, f"{house}/login/forgot", "/login/forgot", login="nobody-here")
    known = send_form(browser, f"{house}/login/forgot", "/login/forgot", login="Alice@example.org")
    assert unknown.status_code == known.status_code == 200
    recipients, message = sink.letter()
    assert recipients == ["alice@example.org"] and message["to"] == "alice@example.org"
    assert message["subject"] == "Ein neues Passwort für alice" and message["from"] == "Hearth <hearth@example.org>"
    assert message["auto-submitted"] == "auto-generated"
    link = link_of(message, house)
    code = link.split("code=")[1]
    done = send_form(browser, link, "/login/reset", code=code, password=PASSWORD)
    assert done.headers["location"] == "/login?done=password"
    used = browser.get(link)
    assert used.status_code == 403 and "expired" in used.text
    entered = send_form(browser, f"{house}/login", "/login", login="alice", password=PASSWORD)
    assert entered.status_code == 303
    assert sink.letters.empty()


def test_an_address_counts_once_it_is_proved(house, sink):
    browser = requests.Session()
    send_form(browser, f"{house}/login", "/login", login="alice", password=PASSWORD)
    assert "Settings" in browser.get(f"{house}/settings/profile").text
    profile = f"{house}/settings/profile"
    told = send_form(browser, profile, "/settings/profile", full_name="Alice\r\nBcc: x@y", email="new@example.org")
    assert told.status_code == 422
    saved = send_form(browser, profile, "/settings/profile", full_name="Alice Archer", email="new@example.org")
    assert saved.headers["location"] == "/settings/profile?done=proof"
    recipients, message = sink.letter()
    assert recipients == ["new@example.org"]
    page = browser.get(profile).text
    assert "new@example.org" in page and 'value="alice@example.org"' in page
    link = link_of(message, house)
    stranger = requests.Session()
    shown = send_form(stranger, link, "/settings/email/confirm", code=link.split("code=")[1])
    assert shown.status_code == 200 and "new@example.org" in shown.text
    again = send_form(stranger, link, "/settings/email/confirm", code=link.split("code=")[1])
    assert again.status_code == 422
    assert 'value="new@example.org"' in browser.get(profile).text


def test_whoever_is_mentioned_gets_one_letter_until_they_look(house, sink):
    def call(who, path, **body):
        answer = requests.post(f"{house}/api/{path}", json=body, headers=bearer(who))
        answer.raise_for_status()
        return answer.json()

    call(ALICE, "repos/create", name="told-by-mail")
    talks = "models/alice/told-by-mail/discussions"
    number = call(BOB, talks, title="About the weights", description="Which, @alice?\r\nBcc: x@y")["num"]
    recipients, message = sink.letter()
    assert recipients == ["new@example.org"] and message["bcc"] is None
    assert message["subject"] == f"[alice/told-by-mail] About the weights (#{number})"
    text = message.get_content()
    assert "Which, @alice?" in text and "you were mentioned" in text
    assert f"{ELSEWHERE}/alice/told-by-mail/discussions/{number}#" in text
    assert f"{ELSEWHERE}/settings/notifications" in text

    # The next comment is in the list, and no other letter until alice has looked; one after that is the next.
    second = call(BOB, f"{talks}/{number}/comment", comment="Or these?")["newMessage"]["id"]
    end = time.monotonic() + 30
    while True:
        found = requests.get(f"{house}/api/notifications", headers=bearer(ALICE)).json()["notifications"]
        if [one["discussionEventId"] for one in found] == [second]:
            break
        assert time.monotonic() < end, "alice is told"
    assert sink.letters.empty()
    call(ALICE, "notifications/mark-as-read?applyToAll=true")
    call(BOB, f"{talks}/{number}/comment", comment="These!")
    assert "These!" in sink.letter()[1].get_content()


def test_nobody_is_flooded(house):
    browser = requests.Session()
    answers = [
        send_form(browser, f"{house}/login/forgot", "/login/forgot", login="carol").status_code for _ in range(6)
    ]
    assert answers[0] == 200 and answers[-1] == 422
