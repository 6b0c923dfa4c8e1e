import pytest

from shared.identity.sealing import fresh_secret, seal, unseal


def test_only_the_secret_opens_what_it_sealed() -> None:
    secret, content = fresh_secret(), {"access": "a-token", "refresh": None}
    sealed = seal(secret, content)
    assert unseal(secret, sealed) == content
    assert b"a-token" not in sealed
    assert seal(secret, content) != sealed, "two seals of the same do not show that they are"
    with pytest.raises(ValueError, match="another secret"):
        unseal(fresh_secret(), sealed)
    with pytest.raises(ValueError, match="changed"):
        unseal(secret, sealed[:-1] + bytes([sealed[-1] ^ 1]))
