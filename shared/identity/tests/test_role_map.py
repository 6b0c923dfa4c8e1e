"""What a provider's groups and roles stand for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from shared.identity import Role
from shared.identity.role_map import BY_NAME, RoleMap, read_claims, read_mapping, stored_roles

GUID = "6f1d2a58-2f0e-4c7e-9d53-0d2f3f1c9a11"


def passed_over(where: str) -> float:
    return REGISTRY.get_sample_value("ponte_identity_roles_passed_over_total", {"where": where}) or 0


def test_by_default_a_word_gives_the_role_of_its_name() -> None:
    claims = {"groups": ["/director", "staff"], "realm_access": {"roles": ["auditor", "offline_access"]}}
    assert BY_NAME.roles_of(claims) == {Role.DIRECTOR, Role.AUDITOR}


def test_a_mapping_is_all_there_is() -> None:
    mapped = RoleMap.of({GUID: [Role.DIRECTOR, Role.AUDITOR], "/Area/Gabinetto": [Role.CABINET]})
    assert mapped.roles_of({"groups": [GUID]}) == {Role.DIRECTOR, Role.AUDITOR}
    assert mapped.roles_of({"groups": ["/Area/Gabinetto"]}) == {Role.CABINET}
    assert mapped.roles_of({"groups": ["director"]}) == set(), "another office's group of that name"


def test_claims_are_found_by_name_or_path() -> None:
    named = RoleMap.of({}, ["https://city.example/roles", "resource_access.ponte.roles"])
    claims = {
        "https://city.example/roles": ["cabinet"],
        "resource_access": {"ponte": {"roles": ["auditor"]}, "other": {"roles": ["director"]}},
        "roles": ["director"],
    }
    assert named.roles_of(claims) == {Role.CABINET, Role.AUDITOR}


def test_a_role_that_no_longer_exists_is_passed_over_and_counted() -> None:
    token, session = passed_over("token"), passed_over("session")
    assert BY_NAME.roles_of({"roles": ["integration", "agenda.read"]}) == {Role.INTEGRATION}, (
        "a scope is known"
    )
    assert BY_NAME.roles_of({"roles": ["archivist", "director"]}) == {Role.DIRECTOR}
    assert stored_roles(["archivist", "director", 7]) == {Role.DIRECTOR}
    assert (passed_over("token"), passed_over("session")) == (token + 1, session + 2)


@pytest.mark.parametrize("odd", ["director", 7, None, {"roles": "director"}, [["director"]]])
def test_what_is_no_list_of_words_gives_nothing(odd: object) -> None:
    assert BY_NAME.roles_of({"roles": odd, "groups": odd, "realm_access": odd}) == set()


def test_settings_are_read_from_json() -> None:
    given = '{"GRP": "director", "g2": ["auditor", "cabinet"]}'
    assert read_mapping(given) == {"GRP": [Role.DIRECTOR], "g2": [Role.AUDITOR, Role.CABINET]}
    assert read_claims('["groups"]') == ["groups"]


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ("director", "not JSON"),
        ('["director"]', "JSON object"),
        ('{"g": "archivist"}', "'archivist' is not one of director"),
        ('{"g": [["director"]]}', "is not one of"),
        ('{"g": null}', "None is not one of"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(given: str, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        read_mapping(given)


@pytest.mark.parametrize("given", ["groups", "{}", "[7]", '[""]'])
def test_wrong_claims_are_refused(given: str) -> None:
    with pytest.raises(ValueError, match="JSON"):
        read_claims(given)


_json = st.recursive(
    st.none() | st.booleans() | st.text(max_size=20) | st.sampled_from([*Role]),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=10), below, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["roles", "groups", "realm_access", "other"]), _json))
def test_no_claims_give_a_role_that_the_mapping_does_not(claims: dict[str, object]) -> None:
    assert RoleMap.of({GUID: [Role.DIRECTOR]}).roles_of(claims) == set()
    assert BY_NAME.roles_of(claims) <= set(Role)
