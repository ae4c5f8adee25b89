"""What only Spaces have: secrets, variables, what is known of the app."""

import pytest
from huggingface_hub import SpaceStage
from huggingface_hub.errors import HfHubHTTPError


def test_secrets_are_written_and_not_read(alice, bob, new_repo):
    space = new_repo("space", space_sdk="gradio")
    alice.add_space_secret(space, "TOKEN", "tell-nobody", description="for the upstream")
    alice.add_space_secret(space, "TOKEN", "tell-nobody-either")
    alice.add_space_secret(space, "OTHER", "x")
    alice.delete_space_secret(space, "OTHER")
    alice.delete_space_secret(space, "never there")
    secrets = alice.get_space_secrets(space)
    assert {key: secret.description for key, secret in secrets.items()} == {"TOKEN": "for the upstream"}
    assert secrets["TOKEN"].updated_at is not None
    with pytest.raises(HfHubHTTPError) as caught:
        bob.get_space_secrets(space)
    assert caught.value.response.status_code == 403


def test_variables_are_shown_and_copied(alice, new_repo, new_name):
    space = new_repo("space", space_sdk="gradio", space_variables=[{"key": "FIRST", "value": "1"}])
    variables = alice.add_space_variable(space, "MODE", "fast", description="how")
    assert {key: (one.value, one.description) for key, one in variables.items()} == {
        "FIRST": ("1", None),
        "MODE": ("fast", "how"),
    }
    assert alice.get_space_variables(space).keys() == {"FIRST", "MODE"}
    copy = alice.duplicate_repo(space, f"alice/{new_name()}", repo_type="space").repo_id
    assert alice.delete_space_variable(copy, "FIRST").keys() == {"MODE"}
    assert alice.get_space_variables(space).keys() == {"FIRST", "MODE"}


def test_what_is_known_of_an_app(alice, new_repo):
    assert alice.get_space_runtime(new_repo("space", space_sdk="static")).stage == SpaceStage.RUNNING
    runtime = alice.get_space_runtime(new_repo("space", space_sdk="gradio"))
    assert (runtime.stage, runtime.hardware) == (SpaceStage.STOPPED, None)
    assert (alice.list_spaces_hardware(), alice.list_space_templates()) == ([], [])
