"""Who is who in accounts.json."""

ALICE = "hf_AliceWriteAliceWriteAliceWriteAliceWr"
ALICE_READ = "hf_AliceReadAliceReadAliceReadAliceReadA"
BOB = "hf_BobWriteBobWriteBobWriteBobWriteBobWr"
CAROL = "hf_CarolWriteCarolWriteCarolWriteCarolWr"
OLD = "short_token"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
