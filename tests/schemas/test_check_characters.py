"""Check characters: every slip that the standards promise to catch is caught, and told in words that help."""

from urllib.parse import quote

import pytest
from biip.checksums import gs1_standard_check_digit
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from stdnum import ean
from stdnum.iso7064 import mod_37_2 as independent

from schemas import gs1_keys, isbt128
from schemas.check_characters import (
    ALPHANUMERIC,
    DIGITS,
    WITH_CHECK,
    Misread,
    check_value,
    ends_in_mod_10,
    ends_in_mod_37_2,
    mod_10,
    mod_37_2,
)
from schemas.errors import flaws_of
from schemas.identity import SERIALS_A_YEAR, CoiId, isbt_coi, new_coi

COI: TypeAdapter[str] = TypeAdapter(CoiId)
texts = st.text(ALPHANUMERIC, min_size=1, max_size=30)
digits = st.sampled_from([7, 11, 12, 13, 17]).flatmap(lambda n: st.text(DIGITS, min_size=n, max_size=n))
facilities = st.from_regex(r"[A-NP-Z1-9][A-NP-Z0-9]{2}[0-9]{2}", fullmatch=True)
donations = st.builds("{}{}".format, facilities, st.text(DIGITS, min_size=8, max_size=8))
isbt_cois = st.builds(isbt_coi, facilities, st.integers(2000, 2099), st.integers(0, SERIALS_A_YEAR - 1)).filter(bool)
GS1_LENGTHS = (8, 12, 13, 14, 18)

thorough = settings(max_examples=30, deadline=None)
"""Each example tries a thousand slips."""


def slips(text: str, alphabet: str) -> tuple[list[str], list[str]]:
    """Every text with one character wrong, and every one with two neighbours swapped."""
    wrong = [text[:at] + each + text[at + 1 :] for at in range(len(text)) for each in alphabet if each != text[at]]
    pairs = [at for at in range(len(text) - 1) if text[at] != text[at + 1]]
    return wrong, [text[:at] + text[at + 1] + text[at] + text[at + 2 :] for at in pairs]


@given(texts)
def test_another_implementation_gives_the_same_mod_37_2(text: str) -> None:
    assert mod_37_2(text) == independent.calc_check_digit(text)
    assert independent.is_valid(text + mod_37_2(text))


@given(digits)
def test_two_other_implementations_give_the_same_mod_10(text: str) -> None:
    assert mod_10(text) == ean.calc_check_digit(text) == str(gs1_standard_check_digit(text))


@pytest.mark.parametrize(("number", "check"), [("G123498654321", "H"), ("A999921123456", "3")])
def test_published_donation_numbers_have_their_published_check_character(number: str, check: str) -> None:
    """The first is in the UK's Red Book, annex 2; the second in ST-001, figure 2."""
    assert isbt128.typed_donation(number + check) == number
    assert isbt128.flagged_donation(f"{number}{60 + WITH_CHECK.index(check)}") == (number, True)


@thorough
@given(texts)
def test_mod_37_2_catches_every_wrong_character_and_every_swap(text: str) -> None:
    wrong, swapped = slips(text + mod_37_2(text), WITH_CHECK)
    for each in [*wrong, *swapped]:
        with pytest.raises(Misread):
            ends_in_mod_37_2(each)


@thorough
@given(digits)
def test_mod_10_catches_every_wrong_digit_and_every_swap_but_of_digits_five_apart(text: str) -> None:
    wrong, swapped = slips(text + mod_10(text), DIGITS)
    for each in wrong:
        with pytest.raises(Misread):
            ends_in_mod_10(each, *GS1_LENGTHS)
    for each in swapped:
        at = next(place for place, (one, other) in enumerate(zip(text, each, strict=False)) if one != other)
        if at + 1 < len(each) and abs(int(each[at]) - int(each[at + 1])) != 5:
            with pytest.raises(Misread):
                ends_in_mod_10(each, *GS1_LENGTHS)


@thorough
@given(isbt_cois)
def test_every_slip_in_an_isbt_id_is_caught(coi: str) -> None:
    """One wrong character must not lead to the next patient, though the serials are neighbours."""
    assert COI.validate_python(coi) == isbt128.chain_of_identity(coi)
    for wrong in [each for slip in slips(coi, WITH_CHECK) for each in slip]:
        with pytest.raises(ValidationError):
            COI.validate_python(wrong)


@thorough
@given(donations)
def test_a_donation_number_is_read_from_every_form_and_no_slip_is(number: str) -> None:
    typed = number + mod_37_2(number)
    assert isbt128.typed_donation(typed) == number == isbt128.donation(number)
    assert isbt128.flagged_donation(f"{number}{60 + check_value(number)}") == (number, True)
    assert isbt128.flagged_donation(f"{number}00") == (number, False)
    for wrong in [each for slip in slips(typed, WITH_CHECK) for each in slip]:
        with pytest.raises(Misread):
            isbt128.typed_donation(wrong)


@given(facilities, st.integers(2000, 2099), st.integers(0, SERIALS_A_YEAR - 1), st.integers(0, SERIALS_A_YEAR - 1))
def test_two_serials_are_never_one_id(facility: str, year: int, one: int, other: int) -> None:
    assume(one != other)
    issued = [isbt_coi(facility, year, one), isbt_coi(facility, year, other)]
    assert None in issued or issued[0] != issued[1]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("CLEW", "wrong_length", "4 characters long, and should be 21"),
        ("CLEW00000000o0000000A", "wrong_character", "character 13 is not a capital letter or a digit"),
        ("CLEW0000000000000000B", "wrong_check_character", "the check character is B where A was expected"),
        ("CHO99992600000A", "wrong_character", "character 3 is not a capital letter other than O"),
        ("CHA99B92600000A", "wrong_character", "character 6 is not a digit"),
        ("CHA99992600000A", "wrong_check_character", "where"),
        ("BAG-1", "wrong_form", "begins with CLEW or CH"),
    ],
)
def test_what_is_wrong_with_an_id_is_told(text: str, code: str, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        COI.validate_python(text)
    (flaw,) = flaws_of(refused.value)
    assert flaw.code == code and said in flaw.detail
    assert text not in flaw.detail


@pytest.mark.parametrize(
    "read", [gs1_keys.gtin, gs1_keys.gln, gs1_keys.gsrn_key, gs1_keys.sscc_key, gs1_keys.sgtin_key]
)
@given(text=st.text(max_size=40))
def test_what_is_no_key_is_refused_and_not_repeated(read: object, text: str) -> None:
    assert callable(read)
    try:
        read(text)
    except Misread as wrong:
        assert len(text) < 5 or text not in wrong.detail


@given(st.text(DIGITS, min_size=17, max_size=17))
def test_a_service_relation_and_a_logistic_unit_are_never_taken_for_one_another(number: str) -> None:
    number += mod_10(number)
    assert gs1_keys.gsrn_key(number) == gs1_keys.gsrn_key("8018" + number) == "8018" + number
    assert gs1_keys.sscc_key(number) == gs1_keys.sscc_key("00" + number) == "00" + number
    assert gs1_keys.gsrn_key("8017" + number) == "8017" + number


@given(st.integers(6, 12), st.text(DIGITS, min_size=13, max_size=13), st.from_regex(gs1_keys.SERIAL, fullmatch=True))
def test_a_urn_names_the_same_item_as_its_element_string(company: int, number: str, serial: str) -> None:
    """The indicator comes first in a GTIN, and after the company in a URN."""
    indicator, prefix, item = number[0], number[1 : company + 1], number[company + 1 :]
    escaped = "".join(f"%{ord(each):02X}" if each in '%"&/<>?' else each for each in serial)
    urn = f"urn:epc:id:sgtin:{prefix}.{indicator}{item}.{escaped}"
    key = f"01{number}{mod_10(number)}21{serial}"
    assert gs1_keys.sgtin_key(urn) == key
    link = f"https://id.gs1.org/01/{key[2:16]}/21/{quote(serial, safe='')}"
    assert gs1_keys.sgtin_key(link) == gs1_keys.sgtin_key(f"{link}?17=280331") == key


def test_an_opaque_id_is_of_no_other_issuers_form() -> None:
    assert all(COI.validate_python(new_coi()).startswith("CLEW") for _ in range(50))
