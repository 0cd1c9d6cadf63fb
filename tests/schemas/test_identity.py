"""Who is who: check characters, chain-of-identity ids, identifiers of things."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.check_characters import mod_37_2
from schemas.identity import CoiId, IdentifierKind, KnownAs, new_coi

COI: TypeAdapter[str] = TypeAdapter(CoiId)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
cois = (
    st.text(ALPHABET, min_size=16, max_size=16)
    .map(lambda serial: "CLEW" + serial)
    .map(lambda body: body + mod_37_2(body))
)


def test_the_check_character_is_that_of_the_published_example() -> None:
    """ISBT 128's own: donation number G1234 98 654321 has the check character H."""
    assert mod_37_2("G123498654321") == "H"


@given(st.text(ALPHABET, min_size=1, max_size=40))
def test_a_text_with_its_check_character_is_congruent_to_one(text: str) -> None:
    """The standard's own definition: the weighted sum of all characters, weights 2^i from the right, is 1 mod 37."""
    full = text + mod_37_2(text)
    assert sum((ALPHABET + "*").index(each) * 2**place for place, each in enumerate(reversed(full))) % 37 == 1


def test_ids_are_fresh_and_well_formed() -> None:
    issued = [new_coi() for _ in range(200)]
    assert len(set(issued)) == 200
    assert [COI.validate_python(each) for each in issued] == issued
    assert not any(letter in each[4:-1] for each in issued for letter in "ILOU")


@given(cois, st.integers(0, 20), st.sampled_from(ALPHABET + "*"))
def test_one_misread_character_is_always_caught(coi: str, place: int, misread: str) -> None:
    if coi[place] == misread:
        return
    with pytest.raises(ValidationError):
        COI.validate_python(coi[:place] + misread + coi[place + 1 :])


@given(cois, st.integers(0, 19))
def test_two_swapped_characters_are_always_caught(coi: str, place: int) -> None:
    swapped = coi[:place] + coi[place + 1] + coi[place] + coi[place + 2 :]
    if swapped == coi:
        return
    with pytest.raises(ValidationError):
        COI.validate_python(swapped)


def test_every_misreading_and_swap_of_one_id_is_caught() -> None:
    coi = "CLEW7K2M9QXR4T8V1WZC"
    coi += mod_37_2(coi)
    misread = {coi[:at] + each + coi[at + 1 :] for at in range(21) for each in ALPHABET + "*"} - {coi}
    swapped = {coi[:at] + coi[at + 1] + coi[at] + coi[at + 2 :] for at in range(20)} - {coi}
    assert len(misread) == 21 * 36
    for wrong in misread | swapped:
        with pytest.raises(ValidationError):
            COI.validate_python(wrong)


@pytest.mark.parametrize(
    "text", ["", "CLEW", "clew0000000000000000a", "COIN0000000000000000A", "CLEW 000000000000000A"]
)
def test_what_is_no_chain_of_identity_id_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        COI.validate_python(text)


def test_a_line_of_the_crosswalk_names_a_kind_of_thing() -> None:
    assert KnownAs(kind=IdentifierKind.BATCH, value="LOT-1").value == "LOT-1"
    with pytest.raises(ValidationError):
        KnownAs.model_validate({"kind": "patient", "value": "LOT-1"})
    with pytest.raises(ValidationError):
        KnownAs.model_validate({"kind": "batch", "value": "Ana Lindqvist"})
